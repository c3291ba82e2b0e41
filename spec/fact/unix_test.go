package fact

import (
	"maps"
	"slices"
	"testing"
)

const procNetUnix = `Num       RefCount Protocol Flags    Type St Inode Path
00000000b506577b: 00000002 00000000 00010000 0001 01  4475 /var/run/docker.sock
00000000b506577c: 00000003 00000000 00000000 0001 03  4476 /var/run/docker.sock
00000000b503ab7a: 00000002 00000000 00010000 0005 01  3669 /run/udev/control file
00000000b503ab7b: 00000002 00000000 00000000 0002 01 12345678 /run/systemd/notify
00000000b503ab7c: 00000002 00000000 00000000 0002 03 1234 /run/connected
00000000b503ab7d: 00000002 00000000 00010000 0001 01 1234 @abstract@@
00000000b503ab7e: 00000003 00000000 00000000 0001 03 9999
`

func TestParseProcNetUnix(t *testing.T) {
	got, err := ParseProcNetUnix([]byte(procNetUnix))
	want := []UnixSocket{
		{"/var/run/docker.sock", "stream", 4475, true}, {"/var/run/docker.sock", "stream", 4476, false}, {"/run/udev/control file", "seqpacket", 3669, true},
		{"/run/systemd/notify", "datagram", 12345678, true}, {"/run/connected", "datagram", 1234, false}, {"@abstract@@", "stream", 1234, true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"cat: no\n", ""} {
		if _, err := ParseProcNetUnix([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

const ssUnix = `Netid State  Recv-Q Send-Q   Local Address:Port     Peer Address:PortProcess
u_str LISTEN 0      4096  /var/run/docker.sock 520080            * 0     <-> ino:9773059 dev:0/65024 peers:
u_dgr UNCONN 0      0     /run/a name * 5 <-> ino:1 dev:1/1 520081  * 0  -> ino:4294967295 dev:0/24
u_str LISTEN 0      4096  @abstract 520082                       * 0     <->
u_str LISTEN 0      4096  /run/forged 520083                     * 0     <-> ino:5 dev:0/24
u_str LISTEN 0      4096  /run/forged 520083                     * 0     <-> ino:6 dev:0/24
`

func TestParseUnixFiles(t *testing.T) {
	got := ParseUnixFiles([]byte(ssUnix))
	// 254:0 of /dev/vda, and 0:24 of a tmpfs.
	want := map[uint64]FileID{520080: {254 << 8, 9773059}, 520081: {24, 1<<32 - 1}, 520083: {}}
	if !maps.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestFileID(t *testing.T) {
	if id, ok := ParseFileID("65024 4304740355"); !ok || id != (FileID{65024, 9773059}) {
		t.Errorf("got %+v, %v", id, ok)
	}
	for _, text := range []string{"", "1", "1 ", "x 1", "1 -1", "1 2 3"} {
		if id, ok := ParseFileID(text); ok {
			t.Errorf("%q is read as %+v", text, id)
		}
	}
	if got := KernelDevice(259<<20 | 0x12345); got != 0x12310345 {
		t.Errorf("got %#x", got)
	}
}

func FuzzParseProcNetUnix(f *testing.F) {
	f.Add([]byte(procNetUnix))
	f.Add([]byte(ssUnix))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _ := ParseProcNetUnix(text)
		for _, s := range list {
			if s.Path == "" || s.Type == "" {
				t.Errorf("got %+v", s)
			}
		}
		ParseUnixFiles(text)
		ParseFileID(string(text))
	})
}
