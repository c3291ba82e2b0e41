package rig

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// startAndDie is a test process that is killed before its cleanup. It prints what it
// leaves behind.
func startAndDie() {
	testing.Init()
	self, err := thisProcess()
	if err != nil {
		panic(err)
	}
	engine := func(args ...string) {
		out, err := exec.Command("docker", args...).CombinedOutput()
		if err != nil {
			panic(fmt.Sprintf("docker %s: %v\n%s", args[0], err, out))
		}
	}
	image, made, named := os.Getenv("HOSTSPEC_RIG_IMAGE"), self.name("hostspec-test/made"), self.name("hostspec-test-shop")
	engine("create", "--label", ownerLabel+"="+self.String(), "--name", made[len("hostspec-test/"):], image, "true")
	engine("create", "--name", named, image, "true")
	// What is tagged is one image, and has another tag of its own.
	engine("tag", image, made)
	engine("tag", image, named+":2")
	engine("create", "--name", "hostspec-tdd-"+named, made, "true")
	fmt.Println(made[len("hostspec-test/"):], named, "hostspec-tdd-"+named, made, named+":2")
	os.Exit(0)
}

func TestSweepRemovesWhatDeadProcessesLeft(t *testing.T) {
	alive := SharedMachine(t)
	image, err := prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mine := MakeImage(t, File{Name: "x"})
	stay := []string{alive.ID, image, mine, MakeContainer(t, mine, "true"),
		MakeContainer(t, "--name", OwnName(t, "hostspec-test-alive"), image, "true")}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "HOSTSPEC_RIG_TEST=die", "HOSTSPEC_RIG_IMAGE="+image)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	left := strings.Fields(string(out))
	exists := func(name string) bool {
		_, err := docker(t.Context(), nil, "inspect", name)
		return err == nil
	}
	for _, name := range append(left, stay...) {
		if !exists(name) {
			t.Fatalf("%s is not there", name)
		}
	}
	if err := Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	for _, name := range stay {
		if !exists(name) {
			t.Errorf("%s was removed, which is not a dead process's", name)
		}
	}
	for _, name := range left {
		if exists(name) {
			t.Errorf("%s of a dead process is still there", name)
			_, _ = docker(t.Context(), nil, "rm", "--force", name)
			_, _ = docker(t.Context(), nil, "rmi", name)
		}
	}
}

func TestOwnName(t *testing.T) {
	self, err := thisProcess()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{OwnName(t, "hostspec-test/"+t.Name()), OwnName(t, "hostspec-test-x") + ":latest"} {
		if o, ok := readName(name); !ok || o != self {
			t.Errorf("%s is of %v (%v), want %v", name, o, ok, self)
		}
	}
	if one, two := OwnName(t, "hostspec-test-x"), OwnName(t, "hostspec-test-x"); one == two {
		t.Errorf("%s was given twice", one)
	}
	dead := owner{1 << 22, "1", self.namespace}
	for _, name := range []string{"debian:12", "hostspec-test/debian:b288c1d387bc", "hostspec-tdd-web-12345678-suite", dead.name("other"),
		"hostspec-test-of-1-2", "<none>:<none>", ""} {
		if o, ok := readName(name); ok {
			t.Errorf("%s is of %v", name, o)
		}
	}
}
