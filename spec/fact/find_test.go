package fact

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

var sum = strings.Repeat("0123456789abcdef", 4)

func TestParseFind(t *testing.T) {
	g := NewWithT(t)
	rows, err := ParseFind("d 755 0 33 4096 1795249568.1234567890 1795249568.5 12 /etc\x00\x00" +
		"l 777 0 0 3 -1.5 0 13 /etc/a b\n\x00c\nd\x00" + "f 4755 0 0 0 1 2 14 /x\x00\x00" + "f 0 0 0 0 1 2 14 /y\x00\x00")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rows).To(HaveLen(4))
	g.Expect(rows[0]).To(Equal(FileRow{Name: "/etc", Type: "d", Mode: "0755", UID: "0", GID: "33", Size: "4096", Inode: "12", ModTime: "1795249568.1234567890", Changed: "1795249568.5"}))
	g.Expect(rows[1].Name).To(Equal("/etc/a b\n"))
	g.Expect(rows[1].Link).To(Equal("c\nd"))
	g.Expect(rows[2].Mode).To(Equal("4755"))
	g.Expect(rows[3].Mode).To(Equal("0000"))
	for _, bad := range []string{"d 755 0 33 4096 1 1 12 /etc", "d 755 0 33 4096 1 1 12 /etc\x00", "d 755 0 33 4096 1 1 12\x00\x00", "d 7x5 0 33 4096 1 1 12 /\x00\x00", "d 755 0 33 4096 now 1 12 /\x00\x00"} {
		_, err := ParseFind(bad)
		g.Expect(err).To(HaveOccurred(), "%q", bad)
	}
}

// As busybox 1.35 printed it.
func TestParseFindStat(t *testing.T) {
	g := NewWithT(t)
	rows, err := ParseFindStat("MARK a1ff 0 0 7 1795249568 1795249569 9986279:'a/l' -> 'tar get'\nMARK 81a4 0 0 3 1 2 9986295:a/f: x\n\n"+
		"MARK a1ff 0 0 12 1 2 9986311:'a/li -> 'nk' -> 'we'ird -> 'x'\nMARK 41ed 0 0 4096 1 2 9986262:a\n", "MARK")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rows).To(HaveLen(4))
	g.Expect(rows[0]).To(Equal(FileRow{Name: "a/l", Link: "tar get", Type: "l", Mode: "0777", UID: "0", GID: "0", Size: "7", Inode: "9986279", ModTime: "1795249568", Changed: "1795249569"}))
	g.Expect(rows[1].Name).To(Equal("a/f: x\n"))
	g.Expect(rows[2].Name).To(Equal("a/li -> 'nk"))
	g.Expect(rows[2].Link).To(Equal("we'ird -> 'x"))
	g.Expect(rows[3].Type).To(Equal("d"))
	for _, bad := range []string{"x", "MARK 81a4 0 0 3 1 2 9:a", "MARK 81a4 0 0 3 1 2:a\n", "MARK zz 0 0 3 1 2 9:a\n", "MARK 0 0 0 3 1 2 9:a\n", "MARK a1ff 0 0 99 1 2 9:'a' -> 'b'\n", "MARK a1ff 0 0 1 1 2 9:a\n"} {
		_, err := ParseFindStat(bad, "MARK")
		g.Expect(err).To(HaveOccurred(), "%q", bad)
	}
}

func TestParseSHA256(t *testing.T) {
	g := NewWithT(t)
	sums, err := ParseSHA256(sum + "  /etc/a b\n" + sum + " */bin\n\\" + sum + `  /new\nline\\` + "\n" + sum + `  /plain\n` + "\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sums).To(Equal(map[string]string{"/etc/a b": sum, "/bin": sum, "/new\nline\\": sum, `/plain\n`: sum}))
	for _, bad := range []string{sum + "  /x", sum[1:] + "  /x\n", sum + " /x\n", "\n", strings.ToUpper(sum) + "  /x\n"} {
		_, err := ParseSHA256(bad)
		g.Expect(err).To(HaveOccurred(), "%q", bad)
	}
}

// In the words of GNU's tools and of busybox.
func TestParseComplaints(t *testing.T) {
	g := NewWithT(t)
	reasons, other := ParseComplaints([]byte("find: '/root': Permission denied\nfind: /a b: Permission denied\nsha256sum: /etc/shadow: Permission denied\n" +
		"sha256sum: can't open '/etc/gshadow': Permission denied\ngrep: /proc/sys/x/y: Input/output error\nfind: '/a: b': No such file or directory\n" +
		"find: exit 137\nxargs: sha256sum: not found\nsomething else\n"))
	g.Expect(reasons).To(Equal(map[string]string{
		"/root": "Permission denied", "/a b": "Permission denied", "/etc/shadow": "Permission denied", "/etc/gshadow": "Permission denied",
		"/proc/sys/x/y": "Input/output error", "/a: b": "No such file or directory",
	}))
	g.Expect(other).To(Equal([]string{"find: exit 137", "xargs: sha256sum: not found", "something else"}))
}

func TestParseUnitStates(t *testing.T) {
	g := NewWithT(t)
	units, err := ParseUnitStates(strings.NewReader("MainPID=12\nId=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nActiveEnterTimestampMonotonic=99\n" +
		"Id=b.timer\nLoadState=loaded\nActiveState=inactive\nUnitFileState=\n\n\nId=c.socket\nLoadState=masked\nActiveState=inactive\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(units).To(Equal([]UnitState{
		{ID: "a.service", LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", MainPID: 12, Since: 99},
		{ID: "b.timer", LoadState: "loaded", ActiveState: "inactive"},
		{ID: "c.socket", LoadState: "masked", ActiveState: "inactive"},
	}))
	for _, bad := range []string{"no equals", "Id=a\n", "Id=a\nLoadState=b\nActiveState=c\nMainPID=x\n", "Id=a\nLoadState=b\nActiveState=c\nActiveEnterTimestampMonotonic=x\n"} {
		_, err := ParseUnitStates(strings.NewReader(bad))
		g.Expect(err).To(HaveOccurred(), "%q", bad)
	}
}

func TestParseParameters(t *testing.T) {
	g := NewWithT(t)
	values, err := ParseParameters("/proc/sys/net/ipv4/conf/eth0.7/forwarding:1\n/proc/sys/kernel/x:a:b\n/proc/sys/fs/many:one\n/proc/sys/fs/many:two\n/proc/sys/kernel/empty:\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(values).To(Equal(map[string]string{"net.ipv4.conf.eth0/7.forwarding": "1", "kernel.x": "a:b", "fs.many": "one\ntwo", "kernel.empty": ""}))
	for _, bad := range []string{"/proc/sys/x\n", "/etc/passwd:root\n", "/proc/sys/:x\n"} {
		_, err := ParseParameters(bad)
		g.Expect(err).To(HaveOccurred(), "%q", bad)
	}
}

func FuzzParseFind(f *testing.F) {
	f.Add("d 755 0 33 4096 1.5 1.5 12 /etc\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ParseFind(text)
		if err == nil && len(rows) == 0 && text != "" {
			t.Fatalf("%q was passed over", text)
		}
	})
}

func FuzzParseFindStat(f *testing.F) {
	f.Add("M a1ff 0 0 7 1 2 9:'a/l' -> 'tar get'\nM 81a4 0 0 3 1 2 9:a\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ParseFindStat(text, "M")
		for _, r := range rows {
			if err == nil && r.Name == "" && r.Link == "" {
				t.Fatalf("%q: a file without a name", text)
			}
		}
	})
}

func FuzzParseSHA256(f *testing.F) {
	f.Add("\\" + sum + "  /a\\nb\n" + sum + "  /x\n")
	f.Fuzz(func(t *testing.T, text string) {
		sums, err := ParseSHA256(text)
		if err == nil && len(sums) == 0 && text != "" {
			t.Fatalf("%q was passed over", text)
		}
	})
}

func FuzzParseComplaints(f *testing.F) {
	f.Add([]byte("find: '/root': Permission denied\nsha256sum: can't open '/x': no\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		reasons, other := ParseComplaints(text)
		if len(text) > 0 && len(reasons)+len(other) == 0 {
			t.Fatalf("%q was passed over", text)
		}
	})
}

func FuzzParseUnitStates(f *testing.F) {
	f.Add("Id=a\nLoadState=b\nActiveState=c\nMainPID=1\n")
	f.Fuzz(func(t *testing.T, text string) { _, _ = ParseUnitStates(strings.NewReader(text)) })
}

func FuzzParseParameters(f *testing.F) {
	f.Add("/proc/sys/a/b:1\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := ParseParameters(text)
		if err == nil && len(values) == 0 && text != "" {
			t.Fatalf("%q was passed over", text)
		}
	})
}
