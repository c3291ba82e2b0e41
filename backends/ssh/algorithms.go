package ssh

import (
	"fmt"
	"path"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
)

// algorithms are those that ssh_config allows, in its order. A list that is nil is what
// the library does by itself.
type algorithms struct {
	keyExchanges, ciphers, macs, hostKeys, publicKeys []string
}

// algorithms reads what ssh_config says about algorithms.
func (s settings) algorithms() algorithms {
	std := xssh.SupportedAlgorithms()
	return algorithms{
		keyExchanges: chosen(s.get("kexalgorithms"), keyExchanges()),
		ciphers:      chosen(s.get("ciphers"), std.Ciphers),
		macs:         chosen(s.get("macs"), std.MACs),
		hostKeys:     chosen(s.get("hostkeyalgorithms"), std.HostKeys),
		publicKeys:   chosen(first(s.get("pubkeyacceptedalgorithms"), s.get("pubkeyacceptedkeytypes")), std.PublicKeyAuths),
	}
}

// chosen is a list of algorithms as ssh_config(5) writes it. ssh -G has applied a plus,
// minus or caret at its beginning to the list of OpenSSH; where we read the file
// ourselves, it is applied to ours.
func chosen(value string, standard []string) []string {
	if value == "" {
		return nil
	}
	list := strings.Split(value[1:], ",")
	switch value[0] {
	case '+':
		return append(slices.Clone(standard), list...)
	case '^':
		return append(list, standard...)
	case '-':
		return slices.DeleteFunc(slices.Clone(standard), func(a string) bool {
			return slices.ContainsFunc(list, func(pattern string) bool { ok, _ := path.Match(pattern, a); return ok })
		})
	}
	return strings.Split(value, ",")
}

// apply restricts a login to the algorithms. The library passes over the names that it
// does not know; where none is left, the server's offer is still heard and can be told.
func (a algorithms) apply(config *xssh.ClientConfig) {
	config.KeyExchanges, config.Ciphers, config.MACs = a.keyExchanges, a.ciphers, a.macs
	if config.KeyExchanges == nil {
		config.KeyExchanges = keyExchanges()
	}
}

// keyExchanges prefers curve25519, which is a tenth of a second faster than what
// OpenSSH prefers.
func keyExchanges() []string {
	preferred := []string{xssh.KeyExchangeCurve25519}
	for _, k := range xssh.SupportedAlgorithms().KeyExchanges {
		if k != xssh.KeyExchangeCurve25519 {
			preferred = append(preferred, k)
		}
	}
	return preferred
}

// certificateOf is the name of a signature algorithm where it is used with a
// certificate.
func certificateOf(algorithm string) string { return algorithm + "-cert-v01@openssh.com" }

// restrict returns a signer that uses only what PubkeyAcceptedAlgorithms allows, or
// nil where that is nothing.
func (a algorithms) restrict(s xssh.Signer) xssh.Signer {
	if a.publicKeys == nil {
		return s
	}
	format, isCert := strings.CutSuffix(s.PublicKey().Type(), "-cert-v01@openssh.com")
	possible := []string{format}
	if strings.HasPrefix(format, "sk-") && isCert {
		possible = []string{format + "@openssh.com"}
	}
	if format == xssh.KeyAlgoRSA {
		possible = []string{xssh.KeyAlgoRSASHA256, xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSA}
	}
	allowed := slices.DeleteFunc(slices.Clone(possible), func(algorithm string) bool {
		if isCert {
			algorithm = certificateOf(strings.TrimSuffix(algorithm, "@openssh.com"))
		}
		return !slices.Contains(a.publicKeys, algorithm)
	})
	if len(allowed) == 0 {
		return nil
	}
	if format != xssh.KeyAlgoRSA {
		return s // there is but one
	}
	if as, ok := s.(xssh.AlgorithmSigner); ok {
		if restricted, err := xssh.NewSignerWithAlgorithms(as, allowed); err == nil {
			return restricted
		}
	}
	return s
}

// algorithmError says that the server and we have no algorithm in common, and what both
// offer.
func (l *handshake) algorithmError(err *xssh.AlgorithmNegotiationError) error {
	weak := xssh.InsecureAlgorithms()
	keyword, known := "KexAlgorithms", weak.KeyExchanges
	switch {
	case strings.Contains(err.What, "host key"):
		keyword, known = "HostKeyAlgorithms", weak.HostKeys
	case strings.Contains(err.What, "cipher"):
		keyword, known = "Ciphers", weak.Ciphers
	case strings.Contains(err.What, "MAC"):
		keyword, known = "MACs", weak.MACs
	}
	var advice string
	for _, a := range err.RequestedAlgorithms {
		if slices.Contains(known, a) && !slices.Contains(err.SupportedAlgorithms, a) {
			advice = keyword + " +" + a + " in ssh_config allows this one, which is weak, for a host of yours.\n"
			break
		}
	}
	return l.unreachable("log in at "+l.host.where(), &worded{fmt.Sprintf("no common algorithm for %s: it offers %s, and we offer %s",
		err.What, listed(err.RequestedAlgorithms), listed(err.SupportedAlgorithms)), err},
		advice+"OpenSSH's client may know more algorithms. To leave the connection to it, name the target\n  exec:"+l.byOpenSSH())
}

// listed names algorithms, which may be anything that a server says.
func listed(algorithms []string) string {
	algorithms = slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool {
		return strings.HasPrefix(a, "ext-info-") || strings.HasPrefix(a, "kex-strict-") // extensions, not algorithms
	})
	if len(algorithms) == 0 {
		return "none"
	}
	text := strings.Join(algorithms, ", ")
	if quoted := visible([]byte(text), 1000); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

// byOpenSSH is the command line by which OpenSSH's client reaches the host.
func (l *handshake) byOpenSSH() string {
	words := []string{"ssh"}
	if l.options.config != "" {
		words = append(words, "-F", l.options.config)
	}
	for _, file := range l.options.identities {
		words = append(words, "-i", file)
	}
	if l.host.asked.port != "" {
		words = append(words, "-p", l.host.asked.port)
	}
	if l.host.asked.user != "" {
		words = append(words, "-l", l.host.asked.user)
	}
	words = append(words, l.host.asked.host)
	for i, w := range words {
		words[i] = backends.Quote(w)
	}
	return strings.Join(words, " ")
}
