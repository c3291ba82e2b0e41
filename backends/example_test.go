package backends_test

import (
	"context"
	"fmt"
	"os"

	"github.com/hostspec/hostspec/backends"
	_ "github.com/hostspec/hostspec/backends/local"
)

func ExampleOpen() {
	ctx := context.Background()
	b, err := backends.Open(ctx, "local://")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	p, err := b.Start(ctx, backends.Command{Args: []string{"echo", "hello"}, Stdout: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := p.Wait()
	fmt.Println(status, err)
	// Output:
	// hello
	// exit 0 <nil>
}

func ExampleQuote() {
	fmt.Println(backends.Quote("ls", "-l", "it's here"))
	// Output:
	// ls -l 'it'"'"'s here'
}

func ExampleParse() {
	u, err := backends.Parse("local://?timeout=2m&sudo=true")
	fmt.Println(u, u.Timeout, u.Sudo, err)
	_, err = backends.Parse("web1")
	fmt.Println(err)
	// Output:
	// local:// 2m0s true <nil>
	// target "web1": it has no scheme; did you mean ssh://web1?
}
