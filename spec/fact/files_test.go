package fact_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/fact"
)

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseStatOfGNUAndBusybox(t *testing.T) {
	names := []string{"/tmp/rec/file", "/tmp/rec/link", "/tmp/rec/nope", "/tmp/rec/file/below", "/tmp/rec/loop", "/tmp/rec/pipe", "/tmp/rec/unasked"}
	for _, tool := range []string{"gnu", "busybox"} {
		g := NewWithT(t)
		all, err := fact.ParseStat(recorded(t, "stat-"+tool+".stdout"), recorded(t, "stat-"+tool+".stderr"), names)
		g.Expect(err).NotTo(HaveOccurred())
		file := all["/tmp/rec/file"]
		g.Expect(file.IsRegular()).To(BeTrue())
		g.Expect(file.Permissions()).To(Equal(0o644))
		g.Expect(file.Size).To(Equal(int64(3)))
		g.Expect(file.Owner).To(Equal("root"))
		g.Expect(file.ModTime).To(BeTemporally("==", time.Unix(1700000000, 0)))
		pipe := all["/tmp/rec/pipe"]
		g.Expect(pipe.IsPipe()).To(BeTrue())
		g.Expect(pipe.Owner).To(BeEmpty())
		g.Expect(pipe.UID).To(Equal(54321))
		g.Expect(all["/tmp/rec/nope"].Err).To(MatchError(fs.ErrNotExist))
		g.Expect(all["/tmp/rec/file/below"].Err).To(MatchError(fs.ErrNotExist))
		g.Expect(all["/tmp/rec/loop"].Err).To(MatchError("Too many levels of symbolic links"))
		g.Expect(errors.Is(all["/tmp/rec/loop"].Err, fs.ErrNotExist)).To(BeFalse())
		g.Expect(all).NotTo(HaveKey("/tmp/rec/unasked"))
	}
}

func TestParseStatIsStrict(t *testing.T) {
	g := NewWithT(t)
	const good = "81a4 0 0 3 1700000000:root:root:/a\n"
	for _, bad := range []string{
		"81a4 0 0 3 1700000000:root:root:/b\n", "81a4 0 0 3 1700000000:root:root:/a", "zz 0 0 3 17:root:root:/a\n", "81a4 0 0 3:root:root:/a\n",
		"81a4 -1 0 3 17:root:root:/a\n", "noise\n" + good, good + "noise\n",
	} {
		_, err := fact.ParseStat([]byte(bad), nil, []string{"/a", "/c"})
		g.Expect(err).To(HaveOccurred(), bad)
	}
	// A name that looks like a record is not another file's record.
	odd := "/a\n81a4 0 0 3 1700000000:root:root:/b"
	g.Expect(fact.Odd(odd)).To(BeTrue())
	all, err := fact.ParseStat([]byte("41ed 1 1 4096 1700000000:x y:z:"+odd+"\n"), nil, []string{odd})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(HaveLen(1))
	g.Expect(all[odd].IsDirectory()).To(BeTrue())
	g.Expect(all[odd].Owner).To(Equal("x y"))
	// Tools print UNKNOWN or the number where nobody has it: neither is a name.
	for names, want := range map[string]string{"1001:1002": ",", "UNKNOWN:UNKNOWN": ",", "app:1002": "app,", "1001:www": ",www", "1002:1001": "1002,1001"} {
		all, err := fact.ParseStat([]byte("81a4 1001 1002 1 1700000000:"+names+":/a\n"), nil, []string{"/a"})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(all["/a"].Owner+","+all["/a"].Group).To(Equal(want), names)
	}
	// Nothing was said about it: that does not mean "does not exist".
	all, err = fact.ParseStat(nil, nil, []string{"/a"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(BeEmpty())
	all, err = fact.ParseStat(nil, []byte("stat: cannot statx '/aa': No such file or directory\n"), []string{"/a", "/b"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(BeEmpty())
	all, err = fact.ParseStat(nil, []byte("stat: cannot statx '/x'$'\\n''No such file or directory': Permission denied\n"), []string{"/x\nNo such file or directory"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all["/x\nNo such file or directory"].Err).To(MatchError(fs.ErrPermission))
}

func FuzzParseStat(f *testing.F) {
	f.Add(string(recorded(f, "stat-gnu.stdout")), string(recorded(f, "stat-gnu.stderr")), "/tmp/rec/file", "/tmp/rec/nope")
	f.Add("81a4 0 0 3 17:a:b:/a\n/b\n", "", "/a\n/b", "")
	f.Fuzz(func(t *testing.T, stdout, stderr, one, two string) {
		names := []string{one}
		if two != "" && !fact.Odd(one) && !fact.Odd(two) {
			names = append(names, two)
		}
		all, err := fact.ParseStat([]byte(stdout), []byte(stderr), names)
		if err != nil && all != nil {
			t.Error("an answer beside an error")
		}
		for name := range all {
			if name != one && name != two {
				t.Errorf("an answer about %q", name)
			}
		}
	})
}

func TestParseLsattr(t *testing.T) {
	g := NewWithT(t)
	g.Expect(fact.ParseLsattr(recorded(t, "lsattr.stdout"))).To(Equal("e"))
	g.Expect(fact.ParseLsattr([]byte("----i---------e------- /a b\n"))).To(Equal("ie"))
	for _, bad := range []string{"", "\n", "nospace", "lsattr: x", " /a", "?? /a"} {
		_, err := fact.ParseLsattr([]byte(bad))
		g.Expect(err).To(HaveOccurred(), bad)
	}
	g.Expect(fact.ParseLsattrError(recorded(t, "lsattr.stderr"))).To(MatchError("Operation not supported"))
	g.Expect(fact.ParseLsattrError([]byte("lsattr: Permission denied While reading flags on /x\n"))).To(MatchError(fs.ErrPermission))
}

func FuzzParseLsattr(f *testing.F) {
	f.Add(string(recorded(f, "lsattr.stdout")))
	f.Fuzz(func(t *testing.T, s string) {
		flags, err := fact.ParseLsattr([]byte(s))
		if err == nil && strings.ContainsAny(flags, "- \n") {
			t.Errorf("%q", flags)
		}
		_ = fact.ParseLsattrError([]byte(s)).Error()
	})
}

func TestParseChecksum(t *testing.T) {
	g := NewWithT(t)
	sum := strings.Repeat("ab", 32)
	g.Expect(fact.ParseChecksum([]byte(sum+"  /a\n"), 32)).To(Equal(sum))
	g.Expect(fact.ParseChecksum([]byte(`\`+sum+`  /a\nb`+"\n"), 32)).To(Equal(sum))
	for _, bad := range []string{"", sum[1:] + "  /a\n", sum + "ab  /a\n", strings.Repeat("zz", 32) + "  /a\n"} {
		_, err := fact.ParseChecksum([]byte(bad), 32)
		g.Expect(err).To(HaveOccurred(), bad)
	}
}

func FuzzParseChecksum(f *testing.F) {
	f.Add("d41d8cd98f00b204e9800998ecf8427e  /dev/null\n")
	f.Fuzz(func(t *testing.T, s string) {
		if sum, err := fact.ParseChecksum([]byte(s), 16); err == nil && len(sum) != 32 {
			t.Errorf("%q", sum)
		}
	})
}

func TestParseMountinfo(t *testing.T) {
	g := NewWithT(t)
	all, err := fact.ParseMountinfo(strings.NewReader(string(recorded(t, "mountinfo"))))
	g.Expect(err).NotTo(HaveOccurred())
	byPath := map[string]fact.MountPoint{}
	for _, m := range all {
		byPath[m.Path] = m
	}
	g.Expect(byPath["/"]).To(Equal(fact.MountPoint{Path: "/", Type: "ext4", Device: "/dev/vda", Options: []string{"rw", "relatime", "discard", "resv_strict", "resuid=65534", "resgid=65534"}}))
	g.Expect(byPath).To(HaveKey("/tmp/a b\\c\nd"))
	g.Expect(byPath["/run/docker/netns/default"].Type).To(Equal("nsfs"))
	for _, bad := range []string{"22 27 0:21 / /proc rw,relatime proc proc rw\n", "x\n", "22 27 0:21 / - proc proc rw\n"} {
		_, err := fact.ParseMountinfo(strings.NewReader(bad))
		g.Expect(err).To(HaveOccurred(), bad)
	}
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add(string(recorded(f, "mountinfo")))
	f.Add(`1 1 0:1 / /\9\0400\04\ rw - t s rw`)
	f.Fuzz(func(t *testing.T, s string) { _, _ = fact.ParseMountinfo(strings.NewReader(s)) })
}
