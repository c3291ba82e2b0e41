package bad

import "testing"

func TestPass(t *testing.T) { t.Log("secret of a passing test") }

func TestFail(t *testing.T) {
	t.Run("sub", func(t *testing.T) { t.Error("one is not two") })
}
