package fact

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	procNetTCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:811F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 118999 1 000000007251abee 100 0 0 10 0                    
   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1603 1 00000000d2ece62a 100 0 0 10 0                      
   2: 0100007F:811F 0100007F:979A 01 00000000:00000000 02:000AFBDB 00000000     0        0 163455 2 000000000441f5ad 20 4 13 18 -1                   
   3: 0100007F:966C 0100007F:811F 06 00000000:00000000 03:00000C34 00000000     0        0 0 3 000000000181de68                                      
`
	procNetTCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:270B 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 164412 1 0000000023d641f9 100 0 0 10 0
   1: 00000000000000000000000000000000:2707 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 164408 1 00000000449e893d 100 0 0 10 0
   2: 00000000000000000000000001000000:2708 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 164409 1 00000000ea9162cc 100 0 0 10 0
   3: B80D01200000000067452301EFCDAB89:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 00000000ea9162cc 100 0 0 10 0
`
	procNetUDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             
 8850: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 18 2 0000000013d7ff32 0
 8851: 0100007F:C000 3500007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 19 2 0000000013d7ff32 0
`
	ssOutput = `Netid State  Recv-Q Send-Q     Local Address:Port  Peer Address:PortProcess
udp   UNCONN 0      0                       *:9994        *:* ino:164411 sk:4 cgroup:/ v6only:0 <->
tcp   LISTEN 0      128                  [::]:9991     [::]:* ino:164408 sk:6 cgroup:/ v6only:1 <->
tcp   LISTEN 0      128                  [::]:9991     [::]:* v6only:1 <->
`
	fdOutput = `/proc/1/fd:
lrwx------ 1 root root 64 Nov 21 05:48 12 -> socket:[118999]
lrwx------ 1 root root 64 Nov 21 05:48 13 -> socket:[118999]
l-wx------ 1 root root 64 Nov 21 05:48 14 -> /tmp/a -> socket:[5]
/proc/self/fd:
lrwx------ 1 root root 64 Nov 21 05:48 7 -> socket:[119000]
/proc/40/fd:
lrwx------ 1 root root 64 Nov 21 05:48 3 -> socket:[118999]
lrwx------ 1 root root 64 Nov 21 05:48 4 -> socket:[x]
`
)

func TestParseProcNet(t *testing.T) {
	var got []string
	for protocol, text := range map[string]string{"tcp": procNetTCP, "tcp6": procNetTCP6, "udp": procNetUDP} {
		list, err := ParseProcNet([]byte(text), protocol, binary.LittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			got = append(got, s.Protocol+" "+netipJoin(s.Address.String(), s.Port))
		}
	}
	slices.Sort(got)
	want := []string{"tcp 0.0.0.0:2024", "tcp 127.0.0.1:33055", "tcp6 [2001:db8::123:4567:89ab:cdef]:80", "tcp6 [::1]:9992", "tcp6 [::]:9991", "tcp6 [::ffff:127.0.0.1]:9995", "udp 127.0.0.53:53"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	big, err := ParseProcNet([]byte("sl\n0: 7F000001:0016 00000000:0000 0A 0:0 0:0 0 0 0 5\n"), "tcp", ByteOrder("s390x"))
	if err != nil || big[0].Address.String() != "127.0.0.1" || big[0].Inode != 5 {
		t.Errorf("got %v, %v", big, err)
	}
}

func TestParseProcNetMalformed(t *testing.T) {
	for _, text := range []string{
		"", "cat: nothing\n", "sl\n0: 0100007F:0016\n", "sl\n0: 0100007F0016 00000000:0000 0A 0:0 0:0 0 0 0 5 1\n", "sl\n0: 0100007F:16 00000000:0000 0A 0:0 0:0 0 0 0 5 1\n",
		"sl\n0: 0100007:0016 00000000:0000 0A 0:0 0:0 0 0 0 5 1\n", "sl\n0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 -5 1\n",
		"sl\n0: 00000000000000000000000000000000:0016 0:0 0A 0:0 0:0 0 0 0 5 1\n",
	} {
		list, err := ParseProcNet([]byte(text), "tcp", binary.LittleEndian)
		if err == nil {
			t.Errorf("%q is read as %v", text, list)
		}
	}
	if _, err := ParseProcNet(nil, "sctp", binary.LittleEndian); err == nil {
		t.Error("a table that is not known was read")
	}
}

func TestParseV6OnlyAndOwners(t *testing.T) {
	only := ParseV6Only([]byte(ssOutput))
	if len(only) != 2 || only[164411] || !only[164408] {
		t.Errorf("got %v", only)
	}
	owners := ParseSocketOwners([]byte(fdOutput))
	if len(owners) != 1 || !slices.Equal(owners[118999], []int{1, 40}) {
		t.Errorf("got %v", owners)
	}
}

func TestParseProcNetOfThisMachine(t *testing.T) {
	files, _ := filepath.Glob("/proc/net/[tu][cd]p*")
	for _, f := range files {
		protocol := filepath.Base(f)
		if _, known := states[protocol]; !known {
			continue
		}
		text, err := os.ReadFile(f)
		if err == nil {
			_, err = ParseProcNet(text, protocol, binary.NativeEndian)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// Through the pattern comes what the whole table tells.
func TestProcNetPattern(t *testing.T) {
	pattern := regexp.MustCompile("(?m)" + ProcNetPattern)
	for protocol, text := range map[string]string{"tcp": procNetTCP, "tcp6": procNetTCP6, "udp": procNetUDP} {
		var some []byte
		for line := range strings.Lines(text) {
			if pattern.MatchString(line) {
				some = append(some, line...)
			}
		}
		whole, err := ParseProcNet([]byte(text), protocol, binary.LittleEndian)
		filtered, err2 := ParseProcNet(some, protocol, binary.LittleEndian)
		if err != nil || err2 != nil || !slices.Equal(whole, filtered) {
			t.Errorf("%s: got %v, %v; want %v, %v", protocol, filtered, err2, whole, err)
		}
	}
}

func FuzzParseProcNet(f *testing.F) {
	f.Add([]byte(procNetTCP), "tcp")
	f.Add([]byte(procNetTCP6), "tcp6")
	f.Add([]byte(procNetUDP), "udp")
	f.Fuzz(func(t *testing.T, text []byte, protocol string) {
		list, err := ParseProcNet(text, protocol, binary.LittleEndian)
		for _, s := range list {
			if err != nil || !s.Address.IsValid() || s.Port < 0 || s.Port > 65535 {
				t.Errorf("got %+v, %v", s, err)
			}
		}
		ParseV6Only(text)
		ParseSocketOwners(text)
	})
}
