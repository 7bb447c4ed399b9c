package revocation

import "fmt"

// partition is a replica's state of one partition's numbering and progress. Replica.mu guards it.
type partition struct {
	unread bool // the gateway does not need it, see [Replica.ReadOnly]
	epoch  uint64
	next   uint64 // number that the next record must have; 0: no record was read yet
	// missing is the first number from which records may be missing; 0: no record is missing.
	missing uint64
	// noRoomFrom is the first record whose closed session did not fit into the set; 0: all fitted. The
	// watermark does not move until there is room and the log was read again from that record.
	noRoomFrom      uint64
	issued          int64 // newest IssuedAt applied, Unix ms
	heardAt         int64 // when issued last grew, by this clock, Unix ms
	through         int64 // newest watermark, Unix ms, exclusive
	restoredThrough int64 // the watermark of the restored snapshot; 0: no snapshot was restored
	ahead           ahead // batches dated ahead of this clock
	// lostBeginning is the date of the first batch in the log, Unix ms, if that batch does not start with
	// number 1 and is too old to matter by this clock; 0 otherwise.
	lostBeginning int64

	position int64 // resume offset: next offset to read
	target   int64 // target offset: must be reached before this partition counts as read; -1: not known yet
	suspect  string
	retry    *rereading // set while the log is read again
	seen     Mark       // the furthest position ever seen, also before this start
}

// rereading is the state of a re-reading of a log whose first reading cannot be trusted. Numbers below from
// are known for certain and are skipped. From there, revocations are applied immediately, while unrevocations
// are suspended until the log has been read to its end without a gap. An unrevocation that is read again may
// have been followed by a revocation, and that revocation must stay effective at every moment. A second set that
// is built and swapped in was refused: it would serve the same union and need two sets.
type rereading struct {
	from      uint64
	unrevoked *Set // serials whose newest record so far unrevokes them
	gap       bool
}

// admission says how a batch is to be applied.
type admission struct {
	outcome Outcome
	skip    int  // leading records that were applied before
	suspend bool // unrevocations are suspended until the whole batch is applied, see rereading
}

// admit compares a verified batch with the numbering so far and advances it; now is Unix ms. future says that
// the batch is dated ahead of this clock: its records count, and its dates do not.
func (p *partition) admit(b *Batch, now int64, future bool) (a admission) {
	if b.Epoch < p.epoch {
		return admission{outcome: OldEpoch}
	}
	if b.Epoch > p.epoch {
		if p.epoch != 0 {
			// A new epoch numbers from 1; a higher first number is a gap. It begins by republishing
			// everything active, so records missing from the old epoch are no longer missing.
			p.next, p.missing, p.noRoomFrom, p.suspect, p.retry, p.lostBeginning = 1, 0, 0, "", nil, 0
		}
		p.epoch = b.Epoch
	}
	if future {
		p.ahead.observe(b.IssuedAt, now)
	}
	after, newer := b.First+uint64(b.count), b.IssuedAt > p.issued && !future
	if newer && p.ahead.by != 0 {
		p.ahead.agree(now)
	}
	switch {
	case p.next == 0 && b.First > 1 && now-b.IssuedAt < MaxSnapshotAge.Milliseconds():
		// The log lost its beginning while it still mattered.
		a.outcome = p.noteGap(1, b.First)
	case p.next == 0:
		if b.First > 1 {
			p.lostBeginning = b.IssuedAt
		}
	case b.First == p.next:
	case b.First > p.next:
		a.outcome = p.noteGap(p.next, b.First)
	case after < p.next && newer:
		p.suspect = fmt.Sprintf("the issuer uses numbers up to %d again and was at %d before: log and database were restored from a backup", after, p.next)
		return admission{outcome: RolledBack}
	case !newer:
		if after <= p.next {
			return admission{outcome: Duplicate}
		}
		a.skip = int(p.next - b.First)
	default:
		// A publisher's retry contains known records. After a rollback the same numbers may belong to other
		// records; they are newer than all known records, so they are applied.
		a.suspend = true
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
	if p.suspect == "" && p.noRoomFrom == 0 {
		// While records are missing the watermark does not move: it must not promise records that are not
		// here.
		p.through = max(p.through, b.Through)
	}
	return a
}

// noteGap stores that the numbers from first to before end are missing.
func (p *partition) noteGap(first, end uint64) Outcome {
	p.suspect = fmt.Sprintf("records %d to %d are missing", first, end-1)
	if p.retry != nil {
		p.retry.gap = true
	} else if p.missing == 0 {
		p.missing = first
	}
	return Gap
}

// rereadNoRoom makes the log be read again from the first record that did not fit.
func (p *partition) rereadNoRoom() {
	missing := p.missing
	p.noteGap(p.noRoomFrom, p.next)
	if missing != 0 {
		p.missing = min(missing, p.noRoomFrom)
	}
	p.noRoomFrom = 0
}

// suspendedSet returns the set for unrevocations while the log is read again, and nil otherwise.
func (p *partition) suspendedSet() *Set {
	if p.retry == nil {
		return nil
	}
	return p.retry.unrevoked
}

// rewind begins a re-reading.
func (p *partition) rewind(end int64, why string) {
	from := p.next
	switch {
	case p.retry != nil:
		from = p.retry.from
	case p.missing != 0:
		from = p.missing
	}
	if p.noRoomFrom != 0 {
		from, p.noRoomFrom = min(from, p.noRoomFrom), 0
	}
	p.suspect, p.target = why, end
	p.next, p.missing, p.retry = from, 0, &rereading{from: from, unrevoked: NewSet()}
}

// finishReread ends a re-reading if the log was read up to the target offset. It returns the unrevocations
// that now take effect.
func (p *partition) finishReread() (unrevoked *Set) {
	if p.retry == nil || p.position < p.target {
		return nil
	}
	short := p.seen.above(p.epoch, p.next)
	if short {
		p.suspect = fmt.Sprintf("the log ends before number %d, but this gateway has seen number %d", p.next, p.seen.Next-1)
	}
	if short || p.retry.gap {
		// The missing records may be revocations that follow the unrevocations. The unrevocations do not
		// count, and the next re-reading starts before them again.
		p.missing, p.retry = p.retry.from, nil
		return nil
	}
	unrevoked = p.retry.unrevoked
	p.suspect, p.missing, p.retry = "", 0, nil
	return unrevoked
}

// caughtUp reports whether the partition is complete: all records up to the target offset are applied, all
// records acknowledged up to since too (Unix ms, rounded down), and the log is not older than the position
// this gateway has seen. newest is the stream's time, Unix ms.
func (p *partition) caughtUp(since, newest int64) bool { return p.waitingFor(since, newest) == "" }

// waitingFor describes why caughtUp is false.
func (p *partition) waitingFor(since, newest int64) string {
	switch {
	case p.target < 0:
		return "not connected to the log yet"
	case p.position < p.target:
		return fmt.Sprintf("%d messages behind the log end seen at start", p.target-p.position)
	case p.seen.above(p.epoch, p.next):
		return fmt.Sprintf("the log is at number %d of epoch %d, but this gateway has seen number %d of epoch %d: is it an old copy?",
			p.next, p.epoch, p.seen.Next, p.seen.Epoch)
	case p.lostBeginning != 0 && newest-p.lostBeginning < MaxSnapshotAge.Milliseconds():
		return "the log lost its beginning, and by the issuer's clock that still matters: this gateway's clock was ahead while it read the log"
	case p.through > since && p.through > p.restoredThrough:
		// Through is exclusive: if it equals since, it does not cover records acknowledged earlier in the
		// millisecond in which this gateway started.
	case p.issued > since:
		return "the issuer has not yet published all records acknowledged before this gateway started"
	case p.issued > 0 && since-p.issued > MaxSkew.Milliseconds():
		return fmt.Sprintf("no heartbeat from the issuer since this gateway started; the newest one is dated %d s earlier: check that an issuer runs and that this gateway's clock is right", (since-p.issued)/1000)
	default:
		return "no heartbeat from the issuer since this gateway started"
	}
	return ""
}
