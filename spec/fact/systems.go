package fact

import (
	"slices"
	"strings"
)

// systemIDs are the values of ID, and of ID_LIKE, in the os-release(5) of systems
// that are in use.
var systemIDs = strings.Fields(`
almalinux alpaquita alpine altlinux amzn android antix anolis aosc arch archarm archcraft archlabs arcolinux artix
astra azurelinux bazzite bclinux blackarch bodhi bottlerocket cachyos centos chimera chimeraos chromeos chromiumos circle
clear-linux-os cloudlinux coreos cos crystal crux debian deepin devuan dietpi distroless elementary elive endeavouros
eurolinux euleros exherbo fedora fedora-asahi-remix feren flatcar freebsd freedesktop frugalware funtoo galliumos
garuda gentoo gnewsense gnoppix gobolinux guix haiku hyperbola illumos kali kaos kde-linux kylin linuxlite linuxmint
linuxkit lmde mageia mandriva manjaro manjaro-arm mariner midnightbsd minios miraclelinux msys2 mx navylinux neon
netbsd nitrux nixos nobara nova ol omnios openbsd openeuler openindiana openmandriva opencloudos opensuse
opensuse-leap opensuse-microos opensuse-slowroll opensuse-tumbleweed openwrt osmc parabola pardus parrot pclinuxos
peppermint photon pika pisi pop postmarketos proxmox pureos qubes raspbian regolith rhcos rhel rhivos rocky rosa
sailfishos scientific scos serpentos sl slackware sled sle-micro sle_hpc sles sles_sap sl-micro slem smartos solus
steamos suse suse-microos tails talos tencentos termux tinycore trisquel truenas tuxedo ubuntu ubuntu-core
ubuntukylin ultramarine univention uos vanilla void vyos vzlinux wolfi wrlinux xenenterprise xcp-ng xubuntu yocto poky zorin
linux darwin macos dragonfly solaris sunos aix`)

// SystemIDs returns the IDs of os-release(5) that are known to be in use, and the
// names of kernels, in order.
func SystemIDs() []string {
	ids := slices.Clone(systemIDs)
	slices.Sort(ids)
	return ids
}
