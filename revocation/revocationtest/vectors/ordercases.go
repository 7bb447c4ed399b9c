package vectors

// numbers: order, repetition and loss.
func (k *book) numbers() {
	later := func(first uint64, by int64, records ...[]byte) batch {
		return b(first, records...).with(func(x *batch) { x.issued, x.through = uint64(at+by), uint64(at+by) })
	}
	s := k.story("continues", "numbers go on").says(b(1, revoke(1)), at, "applied").says(later(2, 1000, revoke(2)), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2)}, at+1000

	s = k.story("duplicate", "the same message once more, after the serial was unrevoked").
		says(b(1, revoke(1)), at, "applied").says(b(2, unrevoke(1)), at, "applied").says(b(1, revoke(1)), at, "duplicate")
	s.Expect.NotRevoked, s.Expect.WatermarkMS = []string{name(1)}, at

	s = k.story("duplicate-in-part", "a message that repeats one record and adds one").
		says(b(1, revoke(1)), at, "applied").says(b(1, revoke(1), revoke(2)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2)}, at

	s = k.story("gap", "number 2 is missing: the records count, the watermark stays, the partition is suspect").
		says(b(1, revoke(1)), at, "applied").says(later(3, 1000, revoke(3), closeSession(4, start, at)), at+1000, "gap")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(3)}, at, true
	s.Expect.ClosedSessions = []ClosedSession{{name(4), start, start}}

	s = k.story("unknown-kind-counts", "an unknown record has a number").
		says(b(1, record(200)), at, "applied").says(b(2, revoke(2)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.UnknownKinds = []string{name(2)}, at, 1

	s = k.story("rolled-back", "newer than all that is known, under numbers that are taken: revocations and closings count, nothing is unrevoked").
		says(b(1, revoke(1), revoke(2)), at, "applied").says(b(3), at, "applied").
		says(later(1, 1000, unrevoke(1)), at+1000, "rolled_back").says(later(1, 2000, revoke(3)), at+2000, "rolled_back")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(2), name(3)}, at, true

	epoch := func(n uint64, x batch) batch { return x.with(func(x *batch) { x.epoch = n }) }
	s = k.story("epoch-greater", "a new epoch numbers from 1 and keeps what was learnt").
		says(b(1, revoke(1), revoke(2)), at, "applied").says(epoch(2, later(1, 1000, revoke(3))), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(2), name(3)}, at+1000

	s = k.story("epoch-greater-ends-doubt", "a gap of the old epoch is a doubt no longer").
		says(b(1, revoke(1)), at, "applied").says(b(3, revoke(3)), at, "gap").says(epoch(2, later(1, 1000, revoke(4))), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1), name(3), name(4)}, at+1000

	s = k.story("epoch-greater-not-from-one", "a new epoch whose beginning is missing").
		says(b(1, revoke(1)), at, "applied").says(epoch(2, later(2, 1000, revoke(3))), at+1000, "gap")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(3)}, at, true

	s = k.story("epoch-lower", "an epoch that is over").
		says(epoch(2, b(1, revoke(1))), at, "applied").says(epoch(1, later(2, 1000, revoke(2))), at+1000, "old_epoch")
	s.Expect.Revoked, s.Expect.NotRevoked, s.Expect.WatermarkMS = []string{name(1)}, []string{name(2)}, at

	s = k.story("partition-other", "a message of partition 1 in partition 0")
	s.Partitions = 2
	one := b(1, revoke(1)).with(func(x *batch) { x.partition = 1 })
	s.says(one, at, "wrong_partition").reads(b(1).raw(), 0, at, "applied").reads(one.raw(), 1, at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at

	s = k.story("partitions-least-watermark", "the watermark is the least of all partitions")
	s.Partitions = 2
	s.reads(later(1, 1000).raw(), 0, at+1000, "applied").
		reads(later(1, 2000).with(func(x *batch) { x.partition, x.through = 1, at+500 }).raw(), 1, at+2000, "applied")
	s.Expect.WatermarkMS = at + 500

	k.one("watermark-none", "more was waiting than fits: Through is 0", b(1, revoke(1)).with(func(x *batch) { x.through = 0 }), "applied").
		with(func(e *Expect) { e.Revoked, e.WatermarkMS = []string{name(1)}, 0 })
	s = k.story("watermark-back", "a watermark never moves back").
		says(b(1), at, "applied").says(b(1, revoke(1)).with(func(x *batch) { x.issued, x.through = at+1000, at-1000 }), at+1000, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at
}

// times: clocks, days and what is over.
func (k *book) times() {
	s := k.story("past-heartbeat", "a heartbeat from before the reader's start is ignored unverified, the first message is not").
		says(b(1).with(func(x *batch) { x.issued, x.through = at-hour, at-hour }), at, "applied")
	forged := b(1).with(func(x *batch) { x.issued, x.through = at-1000, at-1000 }).raw()
	forged[len(forged)-1] ^= 1
	s.reads(forged, 0, at, "past_heartbeat").says(b(1), at, "applied")
	s.Expect.WatermarkMS = at

	s = k.story("future-dated", "dated more than 5 s ahead: the records count, date and watermark do not").
		says(b(1, revoke(1)), at, "applied").
		says(b(2, revoke(2), closeSession(3, start, at)).with(func(x *batch) { x.issued, x.through = at+5001, at+5001 }), at, "future_dated")
	s.Expect.Revoked, s.Expect.WatermarkMS, s.Expect.Suspect = []string{name(1), name(2)}, at, true
	s.Expect.ClosedSessions = []ClosedSession{{name(3), start, start}}

	s = k.story("five-seconds-ahead", "dated 5 s ahead is within what clocks may differ by").
		says(b(1, revoke(1)).with(func(x *batch) { x.issued, x.through = at+5000, at+5000 }), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at+5000

	days := func(n int) []byte { return record(1, ms(at), u16(day+n), u32(9)) }
	e := k.one("days", "days that credentials can have, and the first that none can", b(1, days(-3), days(-2), days(0), days(1), days(2)), "applied")
	e.Revoked, e.NotRevoked = []string{"20492-9", "20494-9", "20495-9"}, []string{"20491-9", "20496-9"}

	over := int64(start - 24*3600 - 31*60 - 5)
	x := record(7, ms(uint64(over+60)*1000), u16(day-1), u32(9), u32(over))
	y := record(7, ms(uint64(over+61)*1000), u16(day-1), u32(9), u32(over+1))
	e = k.one("revoke-session-over", "sessions of which no scan can be reported any more, and the first of which one can", b(1, x, y), "applied")
	e.OpenSessions, e.ClosedSessions = []ClosedSession{{"20493-9", over, 0}}, []ClosedSession{{"20493-9", over + 1, over + 61}}

	s = k.story("log-begins-late", "a log whose beginning is missing and still matters").says(b(7, revoke(1)), at, "gap")
	s.Expect.Revoked, s.Expect.Suspect = []string{name(1)}, true

	s = k.story("log-begins-long-ago", "a log whose beginning is missing and over").
		says(b(7).with(func(x *batch) { x.issued, x.through = at-72*hour, at-72*hour }), at, "applied").says(b(7, revoke(1)), at, "applied")
	s.Expect.Revoked, s.Expect.WatermarkMS = []string{name(1)}, at
}
