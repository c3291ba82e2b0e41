package fact

import (
	"testing"

	. "github.com/onsi/gomega"
)

const modules = `overlay 151552 2 - Live 0x0000000000000000
br_netfilter 32768 0 - Live 0x0000000000000000 (E)
nf_nat 49152 2 xt_MASQUERADE,nft_chain_nat, Live 0x0000000000000000
leaving 4096 0 - Unloading 0x0000000000000000
`

func TestParseModules(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ParseModules([]byte(modules))).To(Equal(map[string]Module{
		"overlay":      {State: "Live"},
		"br_netfilter": {State: "Live"},
		"nf_nat":       {State: "Live", UsedBy: []string{"xt_MASQUERADE", "nft_chain_nat"}},
		"leaving":      {State: "Unloading"},
	}))
	g.Expect(ParseModules(nil)).To(BeEmpty(), "a kernel that has loaded none")
	g.Expect(ParseModules([]byte("overlay 151552 2 - Live\n"))).To(Equal(map[string]Module{"overlay": {State: "Live"}}), "its address is not read")
	_, err := ParseModules([]byte("overlay 151552 2\n"))
	g.Expect(err).To(MatchError(ContainSubstring(`got "overlay 151552 2\n"`)))
	g.Expect(ModuleName("br-netfilter")).To(Equal("br_netfilter"))
}

func FuzzParseModules(f *testing.F) {
	f.Add([]byte(modules))
	f.Add([]byte("a b c , d"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ParseModules(text)
		if err != nil && all != nil {
			t.Error("an answer and an error")
		}
		for name := range all {
			if ModuleName(name) != name {
				t.Errorf("%q is not the one spelling", name)
			}
		}
	})
}
