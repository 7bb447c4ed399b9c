package revocation

import (
	"fmt"
	"time"
)

// SetTargetOffset sets the end of a partition's log as of the start of reading. The partition counts as read
// only when that offset has been passed.
func (r *Replica) SetTargetOffset(number int, end int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if p.target < 0 {
		p.target = end
	}
	r.updateState()
}

// ResumeOffset returns the offset from which a restored snapshot continues; ok is false if the partition has
// to be read from the start of its log.
func (r *Replica) ResumeOffset(number int) (offset int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	return p.position, p.next > 0
}

// SetPosition sets the next offset to read, and reports whether the partition is trusted. A partition that
// was read again up to its target offset, without a gap, is trusted.
func (r *Replica) SetPosition(number int, offset int64) (trusted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	p.position = offset
	if unrevoked := p.finishReread(); unrevoked != nil {
		r.unrevokeAll(unrevoked)
	}
	r.updateState()
	return p.suspect == ""
}

// Rewind prepares a partition to be read again from the start of its log, up to end at least; why is the
// reason. All records applied before stay, and the records read again are united with them, see rereading. An
// empty why keeps the reason that the replica found itself. The effective reason is returned.
func (r *Replica) Rewind(number int, end int64, why string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if why == "" {
		why = p.suspect
	}
	p.rewind(end, why)
	r.counts.Rewinds++
	r.updateState()
	return why
}

// Afterlife is how long a revocation is kept after the end of the last credential or session it can affect.
// Scans that a handheld made without a network are reported and judged later, as of the time of the scan.
const Afterlife = 24 * time.Hour

// Status describes a replica for operators and metrics.
type Status struct {
	Freshness
	// Waiting lists, per partition, why the replica is not ready or why it is suspect; empty when all is
	// well.
	Waiting []string
	// Silence describes, for data that is not fresh, which messages of the issuer arrived. It has no meaning
	// while brokers cannot be read.
	Silence    []string
	Counts     Counts
	Partitions []Progress
	Revoked    int // serials
	Exempted   int // serials
	Subjects   int // cutoffs
	Closed     int // sessions
	Keys       int
	Gateways   int // announced keys, withdrawn ones included
	Forgiven   int // serials
	Amnesties  int // over, ended or to come included
	// Bytes is the memory of all sets and cutoffs. Full reports that it exceeds [Limits.Memory]; that is only
	// an alarm, and no record is dropped.
	Bytes int
	Full  bool
}

// Progress is one partition's position in the stream.
type Progress struct {
	Epoch, Next   uint64
	Position, End int64
	IssuedMS      int64 // IssuedAt of the newest batch
	ThroughMS     int64
}

// Status takes a lock that checks at a gate never take; now is Unix ms.
func (r *Replica) Status(now int64) Status {
	s := Status{Freshness: r.Freshness(now), Keys: r.keys.Len(), Subjects: r.subjects.Len()}
	var revoked, exempted, closed int
	s.Revoked, revoked = r.set.Len()
	s.Exempted, exempted = r.keys.exempted()
	s.Closed, closed = r.closed.Len()
	s.Amnesties = len(r.amnesties.Load().list())

	r.mu.Lock()
	defer r.mu.Unlock()
	s.Gateways, s.Forgiven = r.gateways.count, r.forgiven.count
	s.Bytes = revoked + exempted + closed + s.Subjects*subjectBytes +
		s.Gateways*gatewayBytes + s.Forgiven*forgivenBytes + s.Amnesties*amnestyBytes
	s.Full = s.Bytes > r.limits.Memory
	s.Counts = r.counts
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, Progress{p.epoch, p.next, p.position, p.target, p.issued, p.through})
		switch {
		case p.unread:
		case p.noRoomFrom != 0:
			s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: the set of closed sessions is full with %d sessions; record %d and later ones do not fit and are read again when sessions have expired", i, s.Closed, p.noRoomFrom))
		case p.suspect != "":
			s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s; the partition is being read again", i, p.suspect))
		case s.State == Booting:
			if why := p.waitingFor(r.since, r.newest); why != "" {
				s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s", i, why))
			}
		}
	}
	s.Silence = r.silence(s.Freshness, now)
	if by := r.behind(); by != 0 {
		s.Waiting = append(s.Waiting, fmt.Sprintf("this gateway's clock is %d s behind the issuer's, or the issuer's is ahead: correct the wrong clock; until then the watermark does not move", int64(by.Seconds())))
	}
	if n := s.Counts.Unknown + s.Counts.Outcomes[NewerVersion]; n > 0 {
		s.Waiting = append(s.Waiting, fmt.Sprintf("newer records seen: %d that this gateway does not know; update it", n))
	}
	if s.Full {
		s.Waiting = append(s.Waiting, fmt.Sprintf("the revocation data takes %d MiB, more than the limit of %d MiB; no record is dropped", s.Bytes>>20, r.limits.Memory>>20))
	}
	return s
}
