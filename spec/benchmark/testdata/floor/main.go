// Floor asks over SSH what the hundred checks ask, with nothing around it: one
// connection, one session for a script with all questions, and then one session
// after the other for the commands. With -quick it knows the two tricks that take
// round trips off: TCP_QUICKACK, and the script inside the exec request.
//
//	floor [-quick] ADDRESS USER IDENTITY KNOWN_HOSTS SCRIPT_FILE [COMMAND]...
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func main() {
	quick := flag.Bool("quick", false, "quick ACKs, and the script inside the exec request")
	flag.Parse()
	if err := ask(*quick, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func ask(quick bool, args []string) error {
	addr, user, identity, known, file, commands := args[0], args[1], args[2], args[3], args[4], args[5:]
	text, err := os.ReadFile(identity)
	if err != nil {
		return err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return err
	}
	check, err := knownhosts.New(known)
	if err != nil {
		return err
	}
	script, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	if quick {
		conn = quickConn{conn.(*net.TCPConn)}
	}
	c, channels, requests, err := ssh.NewClientConn(conn, addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: check,
		// What known_hosts knows of this server.
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	if err != nil {
		return err
	}
	client := ssh.NewClient(c, channels, requests)
	defer client.Close()
	if quick {
		err = run(client, string(script), "")
	} else {
		err = run(client, "sh", string(script))
	}
	for _, c := range commands {
		if err == nil {
			err = run(client, c, "")
		}
	}
	return err
}

// run runs a command in a session and takes what it prints.
func run(client *ssh.Client, command, stdin string) error {
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	session.Stdin = strings.NewReader(stdin)
	if out, err := session.CombinedOutput(command); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// A quickConn acknowledges at once what it has read.
type quickConn struct{ *net.TCPConn }

func (c quickConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if raw, rawErr := c.SyscallConn(); rawErr == nil {
		const quickACK = 12 // TCP_QUICKACK of tcp(7)
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, quickACK, 1) })
	}
	return n, err
}
