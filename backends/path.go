package backends

// AddToPath is shell text that adds to PATH the directories where tools of system
// administration live, unless it ends with them: sshd gives ordinary users none of these,
// and sudo may take them away again. The PATH of an image may lack even that of sh.
const AddToPath = "case :${PATH-} in *:" + sbin + ") ;; *) PATH=${PATH:+$PATH:}" + sbin + ";; esac; " +
	"command -v sh >/dev/null || PATH=$PATH:/usr/bin:/bin; export PATH; "

const sbin = "/usr/local/sbin:/usr/sbin:/sbin"
