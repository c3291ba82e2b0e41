package good

import "testing"

func TestPass(t *testing.T) {
	t.Log("secret of a passing test")
	t.Run("sub", func(t *testing.T) {})
}

func TestListed(t *testing.T) { t.Skipf("[skip:%s] %s", "docker", "no docker\nstart it") }

func TestBare(t *testing.T) { t.Skip("not today") }
