package matchers_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	. "github.com/hostspec/hostspec/matchers"
)

// owner notes what it is asked for.
type owner struct{ asked string }

func (o *owner) note(kind string, who any) (bool, error) {
	o.asked = fmt.Sprint(kind, " ", who)
	return true, nil
}

func (o *owner) OwnedBy(who string) (bool, error)                  { return o.note("name", who) }
func (o *owner) GroupedInto(who string) (bool, error)              { return o.note("name", who) }
func (o *owner) BelongsToGroup(who string) (bool, error)           { return o.note("name", who) }
func (o *owner) BelongsToPrimaryGroup(who string) (bool, error)    { return o.note("name", who) }
func (o *ownerByID) OwnedByID(uid int) (bool, error)               { return o.note("number", uid) }
func (o *ownerByID) GroupedIntoID(gid int) (bool, error)           { return o.note("number", gid) }
func (o *ownerByID) BelongsToGroupID(gid int) (bool, error)        { return o.note("number", gid) }
func (o *ownerByID) BelongsToPrimaryGroupID(gid int) (bool, error) { return o.note("number", gid) }

// ownerByID takes numbers as numbers.
type ownerByID struct{ owner }

func TestANumberIsNeverAskedForAsAName(t *testing.T) {
	for _, with := range []func(any) types.GomegaMatcher{
		func(who any) types.GomegaMatcher { return BeOwnedBy(who) }, func(who any) types.GomegaMatcher { return BeGroupedInto(who) },
		func(who any) types.GomegaMatcher { return BelongToGroup(who) }, func(who any) types.GomegaMatcher { return BelongToPrimaryGroup(who) },
	} {
		g, plain, both := NewWithT(t), &owner{}, &ownerByID{}
		g.Expect(plain).To(with(33))
		g.Expect(plain.asked).To(Equal("name 33"), "there is no other way to ask")
		g.Expect(both).To(with(33))
		g.Expect(both.asked).To(Equal("number 33"))
		g.Expect(both).To(with("33"))
		g.Expect(both.asked).To(Equal("name 33"))
	}
}
