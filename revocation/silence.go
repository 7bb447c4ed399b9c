package revocation

import (
	"fmt"
	"strings"
)

const (
	// silentAfter is how long a partition must be without a new message to be reported as silent, ms: several
	// heartbeats.
	silentAfter = 3000
	// foreignFor is how long a message of another authority is reported, ms.
	foreignFor = 10_000
)

// silence describes which messages of the issuer arrived while the data is not fresh: none, old ones, or
// messages of another authority; r.mu is held.
func (r *Replica) silence(f Freshness, now int64) (why []string) {
	if f.State == Fresh {
		return nil
	}
	if r.foreignAt != 0 && now-r.foreignAt < foreignFor {
		why = append(why, "messages signed under another authority key arrive: compare kafka.authority with the issuer's key, and check that no other program writes to the topic")
	}
	if f.State != Stale && f.State != Expired {
		return why
	}
	if ahead := f.WatermarkMS - now; ahead > MaxSkew.Milliseconds() {
		return append(why, fmt.Sprintf("the data is dated %d s ahead of this gateway's clock, which was set back: correct it", ahead/1000))
	}
	var silent []string
	var longest, late, held int64
	for i := range r.partitions {
		p := &r.partitions[i]
		switch {
		case p.unread:
		case now-p.heardAt >= silentAfter:
			silent = append(silent, fmt.Sprint(i))
			longest = max(longest, now-p.heardAt)
		case now-p.issued >= r.limits.StaleAfter.Milliseconds():
			late = max(late, now-p.issued)
		default:
			held = max(held, now-p.through)
		}
	}
	switch {
	case len(silent) > 0: // the data was fresh once, so each partition has received a heartbeat
		why = append(why, fmt.Sprintf("no message from the issuer for %d s in partition %s: check that an issuer runs, and read its /readyz",
			longest/1000, strings.Join(silent, ", ")))
	case late > 0:
		why = append(why, fmt.Sprintf("messages arrive that are dated %d s before this gateway's clock: this clock is ahead, or the issuer's is behind", late/1000))
	case held > 0:
		why = append(why, fmt.Sprintf("the issuer publishes, but has not yet published records that were acknowledged %d s ago", held/1000))
	}
	return why
}
