package panics

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	m.Run()
	fmt.Println("the cleanup failed")
	os.Exit(3)
}

func TestPass(t *testing.T) {}
