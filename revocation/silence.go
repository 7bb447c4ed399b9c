package revocation

import (
	"fmt"
	"strings"
)

const (
	// silentAfter is how long a partition must have said nothing new to be called
	// silent, ms: several heartbeats.
	silentAfter = 3000
	// foreignFor is how long a message of another authority counts as present, ms.
	foreignFor = 10_000
)

// silence says what was heard of the issuer while the data is not fresh: nothing, or
// messages that are old, or messages of another authority; r.mu is held.
func (r *Replica) silence(f Freshness, now int64) (why []string) {
	if f.State == Fresh {
		return nil
	}
	if r.foreign != 0 && now-r.foreign < foreignFor {
		why = append(why, "messages signed under another authority key arrive: compare kafka.authority with the issuer's key; or another program writes to the topic")
	}
	if f.State != Stale && f.State != Expired {
		return why
	}
	if ahead := f.WatermarkMS - now; ahead > MaxSkew.Milliseconds() {
		return append(why, fmt.Sprintf("the data is dated %d s ahead of this gateway's clock: the clock was set back", ahead/1000))
	}
	var silent []string
	var longest, late, held int64
	for i := range r.partitions {
		p := &r.partitions[i]
		switch {
		case now-p.heard >= silentAfter:
			silent = append(silent, fmt.Sprint(i))
			longest = max(longest, now-p.heard)
		case now-p.issued >= r.limits.StaleAfter.Milliseconds():
			late = max(late, now-p.issued)
		default:
			held = max(held, now-p.through)
		}
	}
	switch {
	case len(silent) > 0: // data that was fresh once: each partition has been heard
		why = append(why, fmt.Sprintf("no message from the issuer for %d s in partition %s: look whether an issuer runs, and at its /readyz",
			longest/1000, strings.Join(silent, ", ")))
	case late > 0:
		why = append(why, fmt.Sprintf("messages arrive that are dated %d s before this gateway's clock: the clock is ahead, or the issuer's is behind", late/1000))
	case held > 0:
		why = append(why, fmt.Sprintf("the issuer publishes, and has not published yet all that was acknowledged %d s ago", held/1000))
	}
	return why
}
