package vectors

// numbers makes the cases about order, repetition and loss.
func (k *collection) numbers() {
	later := func(first uint64, by int64, records ...[]byte) batch {
		return b(first, records...).with(func(x *batch) { x.issued, x.through = uint64(at+by), uint64(at+by) })
	}
	s := k.newCase("continues", "numbers go on").batch(b(1, revoke(1)), at, "applied").batch(later(2, 1000, revoke(2)), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2)}, at+1000

	s = k.newCase("duplicate", "the same message once more, after the serial was unrevoked").
		batch(b(1, revoke(1)), at, "applied").batch(b(2, unrevoke(1)), at, "applied").batch(b(1, revoke(1)), at, "duplicate")
	s.Expect.NotRevoked, s.Expect.WatermarkMS = []string{name(1)}, at

	s = k.newCase("duplicate-in-part", "a message that repeats one record and adds one").
		batch(b(1, revoke(1)), at, "applied").batch(b(1, revoke(1), revoke(2)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2)}, at

	s = k.newCase("gap", "number 2 is missing: the records count, the watermark stays, the partition is suspect").
		batch(b(1, revoke(1)), at, "applied").batch(later(3, 1000, revoke(3), closeSession(4, start, at)), at+1000, "gap")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(3)}, at, true
	s.Expect.ClosedSessions = []ClosedSession{{name(4), start, start}}

	s = k.newCase("unknown-kind-counts", "an unknown record has a number").
		batch(b(1, record(200)), at, "applied").batch(b(2, revoke(2)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.UnknownKinds = []string{name(2)}, at, 1

	s = k.newCase("rolled-back", "newer than all that is known, under numbers that are taken: revocations and closings count, nothing is unrevoked").
		batch(b(1, revoke(1), revoke(2)), at, "applied").batch(b(3), at, "applied").
		batch(later(1, 1000, unrevoke(1)), at+1000, "rolled_back").batch(later(1, 2000, revoke(3)), at+2000, "rolled_back")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(2), name(3)}, at, true

	epoch := func(n uint64, x batch) batch { return x.with(func(x *batch) { x.epoch = n }) }
	s = k.newCase("epoch-greater", "a new epoch numbers from 1 and keeps what was learnt").
		batch(b(1, revoke(1), revoke(2)), at, "applied").batch(epoch(2, later(1, 1000, revoke(3))), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2), name(3)}, at+1000

	s = k.newCase("epoch-greater-ends-doubt", "a gap of the old epoch is a doubt no longer").
		batch(b(1, revoke(1)), at, "applied").batch(b(3, revoke(3)), at, "gap").batch(epoch(2, later(1, 1000, revoke(4))), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(3), name(4)}, at+1000

	s = k.newCase("epoch-greater-not-from-one", "a new epoch whose beginning is missing").
		batch(b(1, revoke(1)), at, "applied").batch(epoch(2, later(2, 1000, revoke(3))), at+1000, "gap")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(3)}, at, true

	s = k.newCase("epoch-lower", "an epoch that is over").
		batch(epoch(2, b(1, revoke(1))), at, "applied").batch(epoch(1, later(2, 1000, revoke(2))), at+1000, "old_epoch")
	s.Expect.Revoked, s.Expect.NotRevoked, s.Expect.WatermarkMS = []string{name(1)}, []string{name(2)}, at

	s = k.newCase("partition-other", "a message of partition 1 in partition 0")
	s.Partitions = 2
	one := b(1, revoke(1)).with(func(x *batch) { x.partition = 1 })
	s.batch(one, at, "wrong_partition").message(b(1).raw(), 0, at, "applied").message(one.raw(), 1, at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at

	s = k.newCase("partitions-least-watermark", "the watermark is the least of all partitions")
	s.Partitions = 2
	s.message(later(1, 1000).raw(), 0, at+1000, "applied").
		message(later(1, 2000).with(func(x *batch) { x.partition, x.through = 1, at+500 }).raw(), 1, at+2000, "applied")
	s.Expect.WatermarkMS = at + 500

	k.single("watermark-none", "more was waiting than fits: Through is 0", b(1, revoke(1)).with(func(x *batch) { x.through = 0 }), "applied").
		with(func(e *Expect) { e.Revoked, e.WatermarkMS = []string{name(1)}, 0 })
	s = k.newCase("watermark-back", "a watermark never moves back").
		batch(b(1), at, "applied").batch(b(1, revoke(1)).with(func(x *batch) { x.issued, x.through = at+1000, at-1000 }), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at
}

// times makes the cases about clocks, days and expiry.
func (k *collection) times() {
	s := k.newCase("past-heartbeat", "a heartbeat from before the reader's start is ignored unverified, the first message is not").
		batch(b(1).with(func(x *batch) { x.issued, x.through = at-hour, at-hour }), at, "applied")
	forged := b(1).with(func(x *batch) { x.issued, x.through = at-1000, at-1000 }).raw()
	forged[len(forged)-1] ^= 1
	s.message(forged, 0, at, "past_heartbeat").batch(b(1), at, "applied")
	s.Expect.WatermarkMS = at

	s = k.newCase("future-dated", "dated more than 5 s ahead: the records count, date and watermark do not").
		batch(b(1, revoke(1)), at, "applied").
		batch(b(2, revoke(2), closeSession(3, start, at)).with(func(x *batch) { x.issued, x.through = at+5001, at+5001 }), at, "future_dated")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(2)}, at, true
	s.Expect.ClosedSessions = []ClosedSession{{name(3), start, start}}

	s = k.newCase("five-seconds-ahead", "dated 5 s ahead is within what clocks may differ by").
		batch(b(1, revoke(1)).with(func(x *batch) { x.issued, x.through = at+5000, at+5000 }), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at+5000

	days := func(n int) []byte { return record(1, ms(at), u16(day+n), u32(9)) }
	e := k.single("days", "days that credentials can have, and the first that none can", b(1, days(-3), days(-2), days(0), days(1), days(2)), "applied")
	e.Revoked, e.NotRevoked = []string{"20492-9", "20494-9", "20495-9"}, []string{"20491-9", "20496-9"}

	over := int64(start - 24*3600 - 31*60 - 5)
	x := record(7, ms(uint64(over+60)*1000), u16(day-1), u32(9), u32(over))
	y := record(7, ms(uint64(over+61)*1000), u16(day-1), u32(9), u32(over+1))
	e = k.single("revoke-session-over", "sessions of which no scan can be reported any more, and the first of which one can", b(1, x, y), "applied")
	e.OpenSessions, e.ClosedSessions = []ClosedSession{{"20493-9", over, 0}}, []ClosedSession{{"20493-9", over + 1, over + 61}}

	s = k.newCase("log-begins-late", "a log whose beginning is missing and still matters").batch(b(7, revoke(1)), at, "gap")
	s.Expect.Revoked, s.Expect.Suspect = []string{name(1)}, true

	s = k.newCase("log-begins-long-ago", "a log whose beginning is missing and over").
		batch(b(7).with(func(x *batch) { x.issued, x.through = at-72*hour, at-72*hour }), at, "applied").batch(b(7, revoke(1)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at
}
