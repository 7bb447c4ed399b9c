package revocation

import (
	"fmt"
	"time"
)

// Captured tells the replica where a partition's log ended when its reading
// began: that offset must be passed before the partition counts as read.
func (r *Replica) SetTargetOffset(number int, end int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if p.end < 0 {
		p.end = end
	}
	r.settle()
}

// Kept is the offset at which a restored snapshot goes on; ok is false if the
// partition has to be read from its log's start.
func (r *Replica) ResumeOffset(number int) (offset int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	return p.position, p.next > 0
}

// Position tells the replica which offset is read next, and asks whether the
// partition is trusted. One that was read again to where its log ended, without
// a gap, is.
func (r *Replica) Position(number int, offset int64) (trusted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	p.position = offset
	if lifted := p.reread(); lifted != nil {
		r.lift(lifted)
	}
	r.settle()
	return p.suspect == ""
}

// Rewind tells the replica that a partition will be read again from the start
// of its log, up to end at least, and why. Nothing learnt before is dropped:
// what is read again is united with it, see rereading. An empty why leaves the
// one that the replica found itself; the one in force is returned.
func (r *Replica) Rewind(number int, end int64, why string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if why == "" {
		why = p.suspect
	}
	p.rewind(end, why)
	r.counts.Rewinds++
	r.settle()
	return why
}

// Afterlife is how long a revocation is kept after the last credential or session
// that it can touch: what a handheld scanned without a network is judged later,
// as of the scan.
const Afterlife = 24 * time.Hour

// Status is a replica for people and metrics.
type Status struct {
	Freshness
	// Waiting says, per partition, what keeps the replica from being ready, or
	// what makes it suspect; empty when all is well.
	Waiting []string
	// Silence says, of data that is not fresh, what was heard of the issuer; it is
	// worth nothing while brokers cannot be read.
	Silence    []string
	Counts     Counts
	Partitions []Progress
	Revoked    int // serials
	Exempted   int // serials
	Subjects   int // cut-offs
	Closed     int // sessions
	Keys       int
	// Bytes is the memory of all sets and cut-offs, Full that it is more than
	// Limits.Memory: an alarm, nothing is dropped.
	Bytes int
	Full  bool
}

// Progress is one partition's place in the stream.
type Progress struct {
	Epoch, Next   uint64
	Position, End int64
	IssuedMS      int64 // when the newest batch was signed
	ThroughMS     int64
}

// Status takes a lock that the gate path never takes; now is Unix ms.
func (r *Replica) Status(now int64) Status {
	s := Status{Freshness: r.Freshness(now), Keys: r.keys.Len(), Subjects: r.subjects.Len()}
	var revoked, exempted, closed int
	s.Revoked, revoked = r.set.Len()
	s.Exempted, exempted = r.keys.exempted()
	s.Closed, closed = r.closed.Len()
	s.Bytes = revoked + exempted + closed + s.Subjects*subjectBytes
	s.Full = s.Bytes > r.limits.Memory

	r.mu.Lock()
	defer r.mu.Unlock()
	s.Counts = r.counts
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, Progress{p.epoch, p.next, p.position, p.end, p.issued, p.through})
		switch {
		case p.unfit != 0:
			s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %d sessions are closed, and there is no room for record %d and others behind it; they are read again when sessions were forgotten", i, s.Closed, p.unfit))
		case p.suspect != "":
			s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s; reading it again", i, p.suspect))
		case s.State == Booting:
			if why := p.waitingFor(r.since, r.newest); why != "" {
				s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s", i, why))
			}
		}
	}
	s.Silence = r.silence(s.Freshness, now)
	if by := r.behind(); by != 0 {
		s.Waiting = append(s.Waiting, fmt.Sprintf("this gateway's clock is %d s behind the issuer's, or the issuer's is ahead: set the wrong one right; until then the watermark does not move", int64(by.Seconds())))
	}
	if n := s.Counts.Unknown + s.Counts.Outcomes[NewerVersion]; n > 0 {
		s.Waiting = append(s.Waiting, fmt.Sprintf("newer records seen: %d that this gateway does not know; update it", n))
	}
	if s.Full {
		s.Waiting = append(s.Waiting, fmt.Sprintf("the revocation data takes %d MiB, more than the limit of %d MiB; nothing is dropped", s.Bytes>>20, r.limits.Memory>>20))
	}
	return s
}
