package revocation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

func forgive(s tokens.Serial, at int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindForgive, At: at, Serial: s}
}

func amnesty(station revocation.Station, from, until int64, scopes tokens.Scopes) revocation.Record {
	return revocation.Record{Kind: revocation.KindAmnesty, At: start, Station: station, From: from, Until: until, Scopes: scopes}
}

// endAmnesty ends an amnesty at a time, Unix seconds.
func endAmnesty(declared revocation.Record, end int64) revocation.Record {
	declared.Kind, declared.Cutoff = revocation.KindEndAmnesty, end
	return declared
}

func indexed(n int) tokens.Serial { return tokens.Serial{Day: serial.Day, Index: uint32(n)} }

// Of several times the latest counts, and a serial is forgotten with its day.
func TestForgivenSerials(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Apply(start, forgive(serial, start), forgive(serial, start-5), forgive(serial, start+5), forgive(indexed(43), 9),
		forgive(tokens.Serial{Day: serial.Day - 3}, start), forgive(tokens.Serial{Day: serial.Day + 2}, start))
	if got := f.Replica.Forgiven(serial); got != start+5 {
		t.Fatalf("forgiven until %+d ms", got-start)
	}
	// Another index of the same shard, and an index that differs in one bit.
	for _, s := range []tokens.Serial{indexed(42 + 256), indexed(41), {Day: serial.Day - 1, Index: 42}} {
		if f.Replica.Forgiven(s) != 0 {
			t.Errorf("%s is forgiven", s)
		}
	}
	if s := f.Replica.Status(start); s.Forgiven != 2 || s.Counts.Forgiven != 3 || s.Counts.Late != 1 || s.Counts.OutOfDay != 1 {
		t.Fatalf("%d forgiven; counted %+v", s.Forgiven, s.Counts)
	}
	over := tokens.DayOver(serial.Day)*1000 + revocation.Afterlife.Milliseconds()
	f.Apply(over - 1000)
	if f.Replica.Forget(over); f.Replica.Forgiven(serial) == 0 {
		t.Fatal("dropped though by the issuer's clock the day is not over")
	}
	f.Apply(over)
	if f.Replica.Forget(over); f.Replica.Forgiven(serial) != 0 || f.Replica.Status(over).Forgiven != 0 {
		t.Fatal("forgiven after the day")
	}
}

func TestForgivenSerialsAreBounded(t *testing.T) {
	f := revocationtest.NewFeed(start)
	revocation.SetMostForgiven(f.Replica, 2)
	f.Apply(start, forgive(indexed(1), 1), forgive(indexed(2), 1), forgive(indexed(3), 1), forgive(indexed(2), 2))
	if s := f.Replica.Status(start); s.Forgiven != 2 || s.Counts.ForgiveRefused != 1 || f.Replica.Forgiven(indexed(3)) != 0 || f.Replica.Forgiven(indexed(2)) != 2 {
		t.Fatalf("%d forgiven, %d refused", s.Forgiven, s.Counts.ForgiveRefused)
	}
	// Serials of days that are over make room, also while a log is read.
	later := (tokens.DayOver(serial.Day)+1)*1000 + revocation.Afterlife.Milliseconds()
	s := tokens.Serial{Day: uint16(tokens.DayOf(later / 1000)), Index: 1}
	f.Apply(later, forgive(s, later))
	if f.Replica.Forgiven(s) != later {
		t.Fatal("serials of earlier days leave no room")
	}
}

func TestAmnesties(t *testing.T) {
	const from, until = startSecond, startSecond + 3600
	south, north := revocation.StationOf("北京南"), revocation.StationOf("济南西")
	f := revocationtest.NewFeed(start)
	if f.Replica.Amnesty(south, tokens.Entry, from) {
		t.Fatal("an amnesty that was never declared")
	}
	f.Apply(start, amnesty(south, from, until, tokens.Scopes(tokens.Entry|tokens.Exit)),
		amnesty(revocation.Station{}, from+7200, until+7200, tokens.Scopes(tokens.Exit)))
	for _, c := range []struct {
		station revocation.Station
		scope   tokens.Scope
		at      int64
		want    bool
	}{
		{south, tokens.Entry, from, true}, {south, tokens.Exit, until - 1, true},
		{south, tokens.Entry, from - 1, false}, {south, tokens.Entry, until, false},
		{south, tokens.Onboard, from, false}, {north, tokens.Entry, from, false}, {revocation.Station{}, tokens.Entry, from, false},
		{south, tokens.Exit, from + 7200, true}, {north, tokens.Exit, from + 7200, true}, {revocation.Station{}, tokens.Exit, from + 7200, true},
		{north, tokens.Entry, from + 7200, false},
	} {
		if got := f.Replica.Amnesty(c.station, c.scope, c.at); got != c.want {
			t.Errorf("station %x, %s, %+d s: %v", c.station, c.scope, c.at-from, got)
		}
	}
	over := until*1000 + revocation.Afterlife.Milliseconds()
	f.Apply(over - 1000)
	f.Replica.Forget(over)
	if !f.Replica.Amnesty(south, tokens.Entry, from) {
		t.Fatal("a scan of that time that is reported late is not covered")
	}
	f.Apply(over)
	if f.Replica.Forget(over); f.Replica.Amnesty(south, tokens.Entry, from) || len(f.Replica.Amnesties()) != 1 {
		t.Fatal("kept for longer than scans of that time are reported")
	}
	later := int64(until+7200+1) * 1000
	f.Apply(later + revocation.Afterlife.Milliseconds())
	if f.Replica.Forget(later + revocation.Afterlife.Milliseconds()); f.Replica.Status(later).Amnesties != 0 {
		t.Fatal("an amnesty is left")
	}
}

// An amnesty that was ended early covers scans before its end, at once and whatever is read later. It is stored as long
// as another one.
func TestEndedAmnesty(t *testing.T) {
	const from, end, until = startSecond, startSecond + 600, startSecond + 3600
	south := revocation.StationOf("北京南")
	declared := amnesty(south, from, until, tokens.Scopes(tokens.Entry))
	other := amnesty(south, from, until, tokens.Scopes(tokens.Exit))
	f := revocationtest.NewFeed(start)
	covered := func(scope tokens.Scope, at int64) bool { return f.Replica.Amnesty(south, scope, at) }
	for _, step := range []struct {
		record revocation.Record
		left   int64 // last second that is covered
	}{{declared, until - 1}, {endAmnesty(declared, end), end - 1}, {other, end - 1}, {declared, end - 1}, {endAmnesty(declared, end+60), end - 1},
		{endAmnesty(declared, end-60), end - 61}} {
		f.Apply(start, step.record)
		if !covered(tokens.Entry, from) || !covered(tokens.Entry, step.left) || covered(tokens.Entry, step.left+1) {
			t.Fatalf("after %s until %d: %v", step.record.Kind, step.record.Cutoff, f.Replica.Amnesties())
		}
	}
	f.Apply(start, endAmnesty(declared, from))
	if covered(tokens.Entry, from) || !covered(tokens.Exit, until-1) || len(f.Replica.Amnesties()) != 1 {
		t.Fatalf("ended before it began: %v", f.Replica.Amnesties())
	}
	if all := f.Replica.Contents(start).Amnesties; len(all) != 1 || all[0] != f.Replica.Amnesties()[0] {
		t.Errorf("handed on as %v", all)
	}
	if s := f.Replica.Status(start); s.Amnesties != 2 || s.Counts.Amnesties != 5 || s.Counts.AmnestyRefused != 0 {
		t.Errorf("%d amnesties; counted %+v", s.Amnesties, s.Counts)
	}
	over := until*1000 + revocation.Afterlife.Milliseconds()
	f.Apply(over - 1000)
	f.Replica.Forget(over)
	if f.Apply(over-1000, declared); covered(tokens.Entry, from) {
		t.Fatal("its declaration is read again, and opens it")
	}
	f.Apply(over)
	if f.Replica.Forget(over); f.Replica.Status(over).Amnesties != 0 {
		t.Fatal("kept for longer than scans of its time are reported")
	}
}

func TestIllFormedAmnestiesAreRefused(t *testing.T) {
	f := revocationtest.NewFeed(start)
	all := tokens.AllScopes
	none := revocation.Station{}
	past := int64(startSecond) - revocation.Afterlife.Milliseconds()/1000
	minute := amnesty(none, startSecond, startSecond+60, all)
	f.Apply(start, endAmnesty(minute, startSecond-1), endAmnesty(minute, startSecond+61),
		amnesty(none, startSecond, startSecond, all), amnesty(none, startSecond, startSecond-1, all),
		amnesty(none, startSecond, startSecond+1, 0), amnesty(none, startSecond, startSecond+1, all|1<<7),
		amnesty(none, startSecond, startSecond+revocation.MaxAmnesty+1, all), amnesty(none, past-10, past, all))
	s := f.Replica.Status(start)
	if s.Amnesties != 0 || s.Counts.Amnesties != 0 || s.Counts.AmnestyRefused != 7 || s.Counts.Late != 1 || f.Replica.Amnesty(none, tokens.Entry, startSecond) {
		t.Fatalf("%d amnesties; %d refused, %d late", s.Amnesties, s.Counts.AmnestyRefused, s.Counts.Late)
	}
	longest := amnesty(none, startSecond, startSecond+revocation.MaxAmnesty, all)
	f.Apply(start, longest, amnesty(none, past-10, past+1, all), longest)
	if s := f.Replica.Status(start); s.Amnesties != 2 || s.Counts.Amnesties != 2 {
		t.Fatalf("%d amnesties, %d counted", s.Amnesties, s.Counts.Amnesties)
	}
}

func TestAmnestiesAreBounded(t *testing.T) {
	f := revocationtest.NewFeed(start)
	declare := func(now int64, first, n int64) {
		records := make([]revocation.Record, n)
		for i := range records {
			records[i] = amnesty(revocation.Station{}, startSecond, startSecond+first+int64(i), tokens.AllScopes)
		}
		for part := range slices.Chunk(records, revocation.MaxRecords) {
			f.Apply(now, part...)
		}
	}
	now := int64(start) + revocation.Afterlife.Milliseconds() // the railway day does not change below
	f.Apply(now)
	declare(now, 1, revocation.MaxAmnesties+3)
	declare(now, 1, 5) // known ones need no room
	if s := f.Replica.Status(now); s.Amnesties != revocation.MaxAmnesties || s.Counts.AmnestyRefused != 3 {
		t.Fatalf("%d amnesties, %d refused", s.Amnesties, s.Counts.AmnestyRefused)
	}
	now += 1000 * second
	declare(now, 2*revocation.MaxAmnesties, 2) // those that are over make room
	if s := f.Replica.Status(now); s.Amnesties != revocation.MaxAmnesties-1000+2 || s.Counts.AmnestyRefused != 3 {
		t.Fatalf("%d amnesties, %d refused", s.Amnesties, s.Counts.AmnestyRefused)
	}
}

func TestPassageLookupsDoNotAllocate(t *testing.T) {
	f := revocationtest.NewFeed(start)
	look := func() {
		f.Replica.Gateway(1)
		f.Replica.Forgiven(serial)
		f.Replica.Amnesty(revocation.Station{1}, tokens.Entry, startSecond)
	}
	for range 2 {
		if n := testing.AllocsPerRun(100, look); n != 0 {
			t.Fatalf("%v allocations", n)
		}
		f.Announce(start, 1)
		f.Apply(start, forgive(serial, start), amnesty(revocation.Station{1}, startSecond, startSecond+9, tokens.AllScopes))
	}
}

// Gates read while records are applied and forgotten. What they see only grows, and the race detector finds no
// unsynchronised access.
func TestPassageReadersRunDuringChanges(t *testing.T) {
	f := revocationtest.NewFeed(start)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := int64(0)
			announced := false
			for {
				key, ok := f.Replica.Gateway(3)
				until := f.Replica.Forgiven(serial)
				if until < last || announced && !ok || ok && key.Cutoff == 0 {
					t.Errorf("forgiven until %d after %d, gateway known %v after %v: %+v", until, last, ok, announced, key)
					return
				}
				last, announced = until, ok
				f.Replica.Amnesty(revocation.Station{}, tokens.Entry, startSecond)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range int64(300) {
		_, announce := revocationtest.Gateway(3)
		f.Apply(start, announce, forgive(serial, start+i), forgive(indexed(int(i)), start), withdraw(3, 1000-i),
			amnesty(revocation.Station{}, startSecond+i, startSecond+i+9, tokens.AllScopes))
		f.Replica.Forget(start)
	}
	close(done)
	readers.Wait()
}

// Whatever the order of the records, and however often each is repeated, the replica ends in one state. Only
// a gateway's withdrawal must follow its announcement, which the order of a partition ensures.
func TestOrderOfPassageRecordsDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 1))
	for round := range 50 {
		var records []revocation.Record
		for range 40 {
			s := indexed(random.IntN(6))
			from := startSecond + random.Int64N(3)
			records = append(records, forgive(s, start+random.Int64N(1000)), withdraw(revocation.GatewayID(random.IntN(3)), startSecond+random.Int64N(50)),
				amnesty(revocation.Station{byte(random.IntN(2))}, from, from+random.Int64N(3)-1, tokens.Scopes(random.IntN(3))))
			declared := amnesty(revocation.Station{byte(random.IntN(2))}, from, from+2, tokens.Scopes(1+random.IntN(2)))
			if records = append(records, declared); random.IntN(2) == 0 {
				records = append(records, endAmnesty(declared, from+random.Int64N(4)-1))
			}
		}
		var states []string
		for range 3 {
			random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			f := revocationtest.NewFeed(start)
			f.Announce(start, 0, 1, 2)
			for range 1 + random.IntN(3) {
				for part := range slices.Chunk(records, 1+random.IntN(len(records))) {
					f.Apply(start, part...)
				}
			}
			states = append(states, passageState(f.Replica, 3, 6))
		}
		if states[0] != states[1] || states[1] != states[2] {
			t.Fatalf("round %d:\n%s\n%s\n%s", round, states[0], states[1], states[2])
		}
	}
}

// passageState is everything that a gate reads of gateways, forgiven serials and amnesties.
func passageState(r *revocation.Replica, gateways, serials int) string {
	var text []byte
	for id := range gateways {
		key, ok := r.Gateway(revocation.GatewayID(id))
		text = fmt.Appendf(text, "gateway %d %v %x %d; ", id, ok, key.Public, key.Cutoff)
	}
	for i := range serials {
		text = fmt.Appendf(text, "forgiven %d; ", r.Forgiven(indexed(i)))
	}
	return string(fmt.Appendf(text, "%v", r.Amnesties()))
}
