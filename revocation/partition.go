package revocation

import "fmt"

// partition is what a replica knows of one partition's numbering and progress.
// Replica.mu guards it.
type partition struct {
	epoch uint64
	next  uint64 // number that the next record must have; 0: nothing read yet
	// missing is the first number from which on records may be missing; 0: none are.
	missing uint64
	// unfit is the first number whose closed session found no room; 0: all did. Until
	// there is room and the log was read again from there, the watermark stays.
	unfit   uint64
	issued  int64 // newest IssuedAt applied, Unix ms
	heard   int64 // when issued last grew, by this clock, Unix ms
	through int64 // newest watermark, Unix ms, exclusive
	kept    int64 // the watermark that a snapshot brought; 0: none did
	ahead   ahead // of batches dated ahead of this clock
	// begun is the date of the batch that the log began with, Unix ms, if that was
	// not number 1 and by this clock older than can matter; 0: all is well.
	begun int64

	position int64 // next offset to read
	end      int64 // offset to reach before this partition counts as read; -1: not known yet
	suspect  string
	again    *rereading // while the log is read again
	seen     Mark       // the furthest place seen, also before this gateway was started
}

// rereading is a second reading of a log whose first one cannot be trusted.
// Numbers below from are known for certain and skipped. From there on,
// revocations count at once, while lifts are kept aside until the log has been
// read to its end without a gap: a lift that is read again may have been
// followed by a revocation, and for no moment may that one be forgotten.
type rereading struct {
	from   uint64
	lifted *Set // serials whose last word so far is a lift
	gap    bool
}

// admission says how a batch is to be applied.
type admission struct {
	outcome Outcome
	skip    int  // leading records that were applied before
	aside   bool // lifts count only after the whole batch, see rereading
}

// admit compares a verified batch with the numbering so far and advances it; now
// is Unix ms. future says that the batch is dated ahead of this clock: it counts in
// its order, and its dates do not.
func (p *partition) admit(b *Batch, now int64, future bool) (a admission) {
	if b.Epoch < p.epoch {
		return admission{outcome: OldEpoch}
	}
	if b.Epoch > p.epoch {
		if p.epoch != 0 {
			// A new incarnation numbers from 1, anything later is a gap. It begins by
			// saying again all that is in force, so what was missing before is missed
			// no longer.
			p.next, p.missing, p.unfit, p.suspect, p.again, p.begun = 1, 0, 0, "", nil, 0
		}
		p.epoch = b.Epoch
	}
	if future {
		p.ahead.note(b.IssuedAt, now)
	}
	after, newer := b.First+uint64(b.count), b.IssuedAt > p.issued && !future
	if newer && p.ahead.by != 0 {
		p.ahead.agree(now)
	}
	switch {
	case p.next == 0 && b.First > 1 && now-b.IssuedAt < MaxSnapshotAge.Milliseconds():
		// The log forgot its beginning while it still mattered.
		a.outcome = p.lacks(1, b.First)
	case p.next == 0:
		if b.First > 1 {
			p.begun = b.IssuedAt
		}
	case b.First == p.next:
	case b.First > p.next:
		a.outcome = p.lacks(p.next, b.First)
	case after < p.next && newer:
		p.suspect = fmt.Sprintf("the issuer gives numbers up to %d again and was at %d before: log and database came back from a backup", after, p.next)
		return admission{outcome: RolledBack}
	case !newer:
		if after <= p.next {
			return admission{outcome: Duplicate}
		}
		a.skip = int(p.next - b.First)
	default:
		// A publisher's retry says what is known. After a rollback the same numbers
		// may be other records; they are newer than all that is known, so nothing
		// is wrong in hearing them out.
		a.aside = true
		if after == p.next {
			a.outcome = Duplicate
		}
	}
	p.next = after
	p.seen.raise(p.epoch, p.next)
	if future {
		return a
	}
	p.issued = max(p.issued, b.IssuedAt)
	if p.suspect == "" && p.unfit == 0 {
		// With records missing the watermark stays: it may not promise what is not here.
		p.through = max(p.through, b.Through)
	}
	return a
}

// lacks notes that the numbers from first to before end are missing.
func (p *partition) lacks(first, end uint64) Outcome {
	p.suspect = fmt.Sprintf("records %d to %d are missing", first, end-1)
	if p.again != nil {
		p.again.gap = true
	} else if p.missing == 0 {
		p.missing = first
	}
	return Gap
}

// refit has the log read again from the first record that found no room.
func (p *partition) refit() {
	missing := p.missing
	p.lacks(p.unfit, p.next)
	if missing != 0 {
		p.missing = min(missing, p.unfit)
	}
	p.unfit = 0
}

// aside is where lifts go while the log is read again; nil otherwise.
func (p *partition) aside() *Set {
	if p.again == nil {
		return nil
	}
	return p.again.lifted
}

// rewind begins a second reading.
func (p *partition) rewind(end int64, why string) {
	from := p.next
	switch {
	case p.again != nil:
		from = p.again.from
	case p.missing != 0:
		from = p.missing
	}
	if p.unfit != 0 {
		from, p.unfit = min(from, p.unfit), 0
	}
	p.suspect, p.end = why, end
	p.next, p.missing, p.again = from, 0, &rereading{from: from, lifted: NewSet()}
}

// reread ends a second reading if the log was read to where it ended when the
// reading began. It returns the lifts that now count.
func (p *partition) reread() (lifted *Set) {
	if p.again == nil || p.position < p.end {
		return nil
	}
	short := p.seen.above(p.epoch, p.next)
	if short {
		p.suspect = fmt.Sprintf("the log ends before number %d, and number %d was seen before", p.next, p.seen.Next-1)
	}
	if short || p.again.gap {
		// What followed a lift may be what is missing. The lifts do not count, and
		// the next reading begins before them again.
		p.missing, p.again = p.again.from, nil
		return nil
	}
	lifted = p.again.lifted
	p.suspect, p.missing, p.again = "", 0, nil
	return lifted
}

// caughtUp reports whether everything that was in the log when reading began
// has been applied, everything acknowledged up to since too (Unix ms, rounded
// down), and that the log is no older than what this gateway had seen before.
// newest is the stream's time, Unix ms.
func (p *partition) caughtUp(since, newest int64) bool { return p.waitingFor(since, newest) == "" }

// waitingFor says in words why caughtUp is false.
func (p *partition) waitingFor(since, newest int64) string {
	switch {
	case p.end < 0:
		return "not connected to the log yet"
	case p.position < p.end:
		return fmt.Sprintf("%d messages behind the log end seen at start", p.end-p.position)
	case p.seen.above(p.epoch, p.next):
		return fmt.Sprintf("the log is at number %d of epoch %d, and this gateway has seen number %d of epoch %d before: an old copy?",
			p.next, p.epoch, p.seen.Next, p.seen.Epoch)
	case p.begun != 0 && newest-p.begun < MaxSnapshotAge.Milliseconds():
		return "the log lost its beginning, and by the issuer's clock that still matters: this gateway's clock was ahead when it read it"
	case p.through > since && p.through > p.kept:
		// Through is exclusive: equal to since, it does not cover what was
		// acknowledged earlier in the millisecond in which this gateway started.
	case p.issued > since:
		return "the issuer has not published yet all that was acknowledged before this gateway started"
	case p.issued > 0 && since-p.issued > MaxSkew.Milliseconds():
		return fmt.Sprintf("no heartbeat from the issuer since this gateway started; the last one is dated %d s before: the issuer is silent, or this gateway's clock is ahead", (since-p.issued)/1000)
	default:
		return "no heartbeat from the issuer since this gateway started"
	}
	return ""
}
