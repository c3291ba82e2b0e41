package target

import (
	"maps"
	"sync"
)

// A cache keeps answers for those who ask in the same epoch. Its methods are safe for
// concurrent use; the zero value is empty.
type cache struct {
	mu    sync.Mutex
	facts map[factKey]storedReply
	// size is how many bytes the facts of sizeEpoch hold whose kinds have a Size.
	size      int
	sizeEpoch int64
}

// A factKey is one fact as an account sees it.
type factKey struct {
	as   Identity
	want Want
}

type storedReply struct {
	reply
	epoch int64
}

// get returns the answer to a want. Where there is none that can be used, the reply may
// say that the want is to be asked for alone.
func (c *cache) get(as Identity, w Want, epoch int64) (reply, bool) {
	if epoch == 0 {
		return reply{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.facts[factKey{as, w}]
	if !ok || r.epoch != epoch {
		return reply{}, false
	}
	return r.reply, !r.later
}

// put keeps answers for the epoch, except for what is too large, which is to be asked for
// alone.
func (c *cache) put(as Identity, replies map[Want]reply, epoch int64) {
	if epoch == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.facts == nil {
		c.facts = make(map[factKey]storedReply, len(replies))
	}
	if c.sizeEpoch != epoch {
		// Nobody will ask for what was known before.
		maps.DeleteFunc(c.facts, func(k factKey, r storedReply) bool { return r.epoch != epoch && k.want.Kind.size(r.fact) > 0 })
		c.size, c.sizeEpoch = 0, epoch
	}
	for w, r := range replies {
		if n := w.Kind.size(r.fact); n > 0 {
			if n > MaxTogether || c.size+n > maxKept {
				r = reply{later: true}
			} else {
				c.size += n
			}
		}
		c.facts[factKey{as, w}] = storedReply{r, epoch}
	}
}
