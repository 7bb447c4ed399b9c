package revocation

import "fmt"

// Captured tells the replica where a partition's log ended when its reading
// began: that offset must be passed before the partition counts as read.
func (r *Replica) Captured(number int, end int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if p.end < 0 {
		p.end = end
	}
	r.settle()
}

// FromOne tells the replica that a partition's log is read from its very first
// offset, so that numbering must begin at 1: a log that begins in the middle of
// the numbers at offset 0 is not the one they were begun in.
func (r *Replica) FromOne(number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := &r.partitions[number]; p.next == 0 {
		p.next = 1
	}
}

// Kept is the offset at which a restored snapshot goes on; ok is false if the
// partition has to be read from its log's start.
func (r *Replica) Kept(number int) (offset int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	return p.position, p.next > 0
}

// Position tells the replica which offset is read next. When a partition that
// was suspect has been read again to where it ended, it is no longer.
func (r *Replica) Position(number int, offset int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.partitions[number].position = offset
	r.settle()
}

// Rewind tells the replica that a partition will be read again from the start
// of its log, up to end at least, and why. Nothing learnt before is dropped:
// until a rebuilt copy can be trusted, the union of old and new is the only
// safe answer. A repeated reading can only be cleared by Restored.
func (r *Replica) Rewind(number int, end int64, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	p.suspect, p.next, p.end = why, 0, end
	r.counts.Rewinds++
	r.settle()
}

// Restored ends a Rewind: the partition was read to its end without a gap.
func (r *Replica) Restored(number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.partitions[number].suspect = ""
	r.settle()
}

// Forget drops revocations of days that are over at now (Unix ms).
func (r *Replica) Forget(now int64) int { return r.set.Forget(now / 1000) }

// Status is a replica for people and metrics.
type Status struct {
	Freshness
	// Waiting says, per partition, what keeps the replica from being ready, or
	// what makes it suspect; empty when all is well.
	Waiting    []string
	Counts     Counts
	Partitions []Progress
	Revoked    int // serials
	Bytes      int // of the set
	Keys       int
}

// Progress is one partition's place in the stream.
type Progress struct {
	Epoch, Next   uint64
	Position, End int64
	ThroughMS     int64
}

// Status takes a lock that the gate path never takes; now is Unix ms.
func (r *Replica) Status(now int64) Status {
	s := Status{Freshness: r.Freshness(now), Keys: r.keys.Len()}
	s.Revoked, s.Bytes = r.set.Len()

	r.mu.Lock()
	defer r.mu.Unlock()
	s.Counts = r.counts
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, Progress{p.epoch, p.next, p.position, p.end, p.through})
		switch {
		case p.suspect != "":
			s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s; reading it again", i, p.suspect))
		case s.State == Booting:
			if why := p.waitingFor(r.since); why != "" {
				s.Waiting = append(s.Waiting, fmt.Sprintf("partition %d: %s", i, why))
			}
		}
	}
	return s
}
