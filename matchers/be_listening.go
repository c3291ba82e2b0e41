package matchers

import "github.com/hostspec/hostspec/matchers/match"

// BeListening succeeds when something takes what comes to the subject, a port or
// a Unix socket: TCP in state LISTEN, or UDP that is bound and not connected. The
// chains are about one and the same socket.
//
//	Port(22).Should(BeListening())
//	Port(53).Should(BeListening().WithProtocol("udp").OnAddress("127.0.0.1").ByProcess("named"))
//	UnixSocket("/run/docker.sock").Should(BeListening())
//
// The subject needs the method
//
//	Listening() (bool, error)
//
// and for the chains
//
//	ListeningWith(protocol, address, process string) (bool, error)
//
// which takes an empty string for what may be anything.
func BeListening() *match.Listening {
	return &match.Listening{Matcher: match.New("BeListening", "be listening")}
}
