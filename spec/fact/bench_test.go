package fact_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/hostspec/hostspec/spec/fact"
)

// What a machine of ordinary size answers is parsed.

func BenchmarkParseDpkgQuery(b *testing.B) {
	var text bytes.Buffer
	for i := range 800 {
		fmt.Fprintf(&text, "lib-of-number-%d\tamd64\t1:2.%d-0+deb12u2\tinstall ok installed\n", i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if all, err := fact.ParseDpkgQuery(bytes.NewReader(text.Bytes())); err != nil || len(all) != 800 {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkParseProcNet(b *testing.B) {
	text := []byte("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n")
	for i := range 200 {
		text = fmt.Appendf(text, "%4d: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1 0000000000000000 100 0 0 10 0\n", i, 1024+i, 4000+i)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if all, err := fact.ParseProcNet(text, "tcp", binary.LittleEndian); err != nil || len(all) != 200 {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkParseStatuses(b *testing.B) {
	var text []byte
	for i := range 200 {
		for _, line := range []string{"Name:\tprogram", "State:\tS (sleeping)", "PPid:\t1", "Uid:\t0\t0\t0\t0"} {
			text = fmt.Appendf(text, "/proc/%d/status:%s\n", 100+i, line)
		}
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		table := fact.ProcessTable{}
		if err := table.ParseStatuses(text); err != nil || len(table) != 200 {
			b.Fatal(len(table), err)
		}
	}
}
