package fact

import (
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
		{"/var/run/docker.sock", "stream", true}, {"/var/run/docker.sock", "stream", false}, {"/run/udev/control file", "seqpacket", true},
		{"/run/systemd/notify", "datagram", true}, {"/run/connected", "datagram", false}, {"@abstract@@", "stream", true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ParseProcNetUnix([]byte("cat: no\n")); err == nil {
		t.Error("what is no table was read")
	}
}

func FuzzParseProcNetUnix(f *testing.F) {
	f.Add([]byte(procNetUnix))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _ := ParseProcNetUnix(text)
		for _, s := range list {
			if s.Path == "" || s.Type == "" {
				t.Errorf("got %+v", s)
			}
		}
	})
}
