package crash

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens"
)

// reconcileAll compares database, audit log and stream with each other and with the model, after
// the last process has finished its work.
func (sys *system) reconcileAll() {
	sys.t.Helper()
	sys.inspect(func(db *database.DB) {
		r := sys.reconcileDatabase(db)
		sys.model.mu.Lock()
		defer sys.model.mu.Unlock()
		if waits := sys.verifyAuditLog(db).Unchained; waits != 0 {
			sys.model.faultLocked("%d entries of the audit log are not chained", waits)
		}
		if r.waiting != 0 {
			sys.model.faultLocked("%d records wait in the outbox, which was empty before", r.waiting)
		}
		sys.reconcileStream(r)
		sys.requireLoad(r)
	})
}

// place is a sequence number in a partition of one epoch.
type place struct {
	epoch     uint64
	partition int
	number    uint64
}

// message is one message of the stream.
type message struct {
	partition int
	raw       []byte
	*revocation.Batch
}

// reconcileStream reads the whole stream. Every sequence number exists, and none with two contents.
// The records of a credential are exactly the decisions on it. A gateway that followed the stream
// knows what the database knows.
func (sys *system) reconcileStream(r *rows) {
	sys.t.Helper()
	authority, err := revocation.NewAuthority(authorityKey.Public())
	if err != nil {
		sys.t.Fatal(err)
	}
	gateway, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, firstMoment.UnixMilli())
	if err != nil {
		sys.t.Fatal(err)
	}
	records, epochs, repeated, announced := map[place]revocation.Record{}, map[uint64]bool{}, 0, false
	for _, m := range sys.messages(authority) {
		if !epochs[m.Epoch] && m.Epoch != r.epoch {
			sys.model.faultLocked("the stream was restarted: partition %d has epoch %d, and the current one is %d", m.partition, m.Epoch, r.epoch)
		}
		epochs[m.Epoch] = true
		for number, record := range m.Records() {
			at := place{m.Epoch, m.partition, number}
			if before, twice := records[at]; twice && before != record {
				sys.model.faultLocked("number %d of partition %d was %+v and then %+v", number, m.partition, before, record)
			} else if twice {
				repeated++
			}
			records[at] = record
			announced = announced || record.Kind == revocation.KindAnnounceKey && record.Key == issuerKeyID && record.Public == issuerKey.Public()
		}
		switch outcome := gateway.Apply(m.partition, m.raw, m.IssuedAt); outcome {
		case revocation.Applied, revocation.Duplicate, revocation.PastHeartbeat:
		default:
			sys.model.faultLocked("a gateway did not apply the batch of partition %d from number %d: %s", m.partition, m.First, outcome)
		}
		gateway.Forget(m.IssuedAt)
	}
	if !announced {
		sys.model.faultLocked("the stream does not announce the key")
	}
	sys.model.counts["(repeated records in the stream)"] = repeated
	sys.model.counts["(records in the stream)"] = len(records)
	sys.compareStream(r, records, gateway)
}

// messages reads all partitions, in the order in which a gateway would receive them.
func (sys *system) messages(authority *revocation.Authority) (all []message) {
	sys.t.Helper()
	for partition := range partitions {
		for i, raw := range sys.topic(partition) {
			batch, err := revocation.OpenBatch(raw, authority)
			if err != nil {
				sys.model.faultLocked("message %d of partition %d: %v", i, partition, err)
				continue
			}
			all = append(all, message{partition, raw, batch})
		}
	}
	slices.SortStableFunc(all, func(a, b message) int { return cmp.Compare(a.IssuedAt, b.IssuedAt) })
	return all
}

// change is a change of a credential, and the time of its acceptance.
type change struct {
	kind revocation.Kind
	atMs int64
}

// compareStream compares the records of the stream with the rows.
func (sys *system) compareStream(r *rows, records map[place]revocation.Record, gateway *revocation.Replica) {
	streamed, closings, forgiven := map[tokens.Serial][]change{}, map[revocation.Record]int{}, map[forgiving]int{}
	all := 0
	for partition := range partitions {
		for number := uint64(1); number < r.nextNumber[partition]; number++ {
			record, there := records[place{r.epoch, partition, number}]
			if !there {
				sys.model.faultLocked("number %d of partition %d was assigned and is not in the stream", number, partition)
			}
			if record.Kind == revocation.KindRevoke || record.Kind == revocation.KindUnrevoke {
				streamed[record.Serial] = append(streamed[record.Serial], change{record.Kind, record.At})
			}
			if record.Kind == revocation.KindRevokeSession {
				closings[record]++
			}
			if record.Kind == revocation.KindForgive {
				forgiven[forgiving{record.Serial, record.At}]++
			}
			all++
		}
	}
	sys.compareSessions(r, closings, gateway)
	sys.compareForgiven(r, forgiven, gateway)
	if len(records) != all {
		sys.model.faultLocked("the stream has %d numbers, and %d were assigned", len(records), all)
	}
	now := sys.now()
	for serial, c := range r.credentials {
		var decisions []change
		for _, w := range c.decisions {
			decisions = append(decisions, change{revocation.KindRevoke, w.atMs})
			if w.unrevoked {
				decisions[len(decisions)-1].kind = revocation.KindUnrevoke
			}
		}
		if !slices.Equal(decisions, streamed[serial]) {
			sys.model.faultLocked("the decisions on %s are %v, and in the stream %v", serial, decisions, streamed[serial])
		}
		over := tokens.DayOver(serial.Day) <= now.Add(-revocation.Afterlife).Unix() // gateways have forgotten it
		if gateway.Revoked(serial) != (c.revokedMs != 0) && !over {
			sys.model.faultLocked("%s is revoked: %v, and at a gateway: %v", serial, c.revokedMs != 0, gateway.Revoked(serial))
		}
		delete(streamed, serial)
	}
	for serial, decisions := range streamed {
		sys.model.faultLocked("the stream has %s, which was never assigned: %v", serial, decisions)
	}
}

// compareForgiven compares forgiven passages with the audit log: the stream has each forgiving, and
// a gateway the latest time.
func (sys *system) compareForgiven(r *rows, streamed map[forgiving]int, gateway *revocation.Replica) {
	want := r.forgivings()
	for f, n := range want {
		if streamed[f] != n {
			sys.model.faultLocked("passages of %s up to %d were forgiven %d times, and in the stream %d times", f.serial, f.atMs, n, streamed[f])
		}
	}
	if len(streamed) > len(want) {
		sys.model.faultLocked("the stream forgives %d times, and the audit log %d times", len(streamed), len(want))
	}
	for serial, latest := range r.latestForgiving() {
		over := tokens.DayOver(serial.Day) <= sys.now().Add(-revocation.Afterlife).Unix() // gateways have forgotten it
		if at := gateway.Forgiven(serial); at != latest && !over {
			sys.model.faultLocked("passages of %s are forgiven up to %d, and at a gateway up to %d", serial, latest, at)
		}
		if at, there := r.forgiven[serial]; at != latest && (there || !over) {
			sys.model.faultLocked("passages of %s are forgiven up to %d by the audit log, and the database has %d", serial, latest, at)
		}
	}
}

// compareSessions compares the closed sessions with the rows: the stream contains each session that
// was closed within a day of its start once, and no other. A gateway may have forgotten sessions
// that no phone can show any more.
func (sys *system) compareSessions(r *rows, closings map[revocation.Record]int, gateway *revocation.Replica) {
	closed := len(closings)
	for id, s := range r.sessions {
		c := r.applications[s.application].credential
		if c == nil {
			continue // already reported
		}
		over := time.UnixMilli(s.startMs).Add((tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + 60) * time.Second)
		record := revocation.Record{Kind: revocation.KindRevokeSession, At: s.closedMs, Serial: c.serial, Start: s.startMs / 1000}
		want := 0
		if s.closed && s.closedMs < s.startMs+tokens.CredentialLife*1000 {
			want = 1
		}
		if closings[record] != want {
			sys.model.faultLocked("session %s, started %d and closed %d, is in the stream %d times, want %d", id, s.startMs, s.closedMs, closings[record], want)
		}
		delete(closings, record)
		forgotten := !over.Add(revocation.Afterlife-time.Minute).After(sys.now()) || s.closed && !time.UnixMilli(s.closedMs).Before(over)
		if is := gateway.Closed(c.serial, s.startMs/1000, tokens.Never); is != (want == 1) && !forgotten {
			sys.model.faultLocked("session %s is closed in the database: %v, and at a gateway: %v", id, s.closed, is)
		}
	}
	for record := range closings {
		sys.model.faultLocked("the stream closes a session that is not closed: %+v", record)
	}
	sys.model.counts["(closed sessions in the stream)"] = closed
	if closed == 0 {
		sys.model.faultLocked("no session was closed in time to be published: the run proves nothing")
	}
}

// requireLoad fails a run that lacks some kind of request.
func (sys *system) requireLoad(r *rows) {
	for what, n := range r.load() {
		if sys.model.counts["("+what+")"] = n; n == 0 {
			sys.model.faultLocked("no %s: the run proves nothing", what)
		}
	}
}

// topic reads all messages of a partition.
func (sys *system) topic(partition int) [][]byte {
	sys.t.Helper()
	ctx, cancel := context.WithTimeout(sys.t.Context(), bootWithin)
	defer cancel()
	messages, err := stack.ReadPartition(ctx, sys.broker.Addresses(), controlTopic, partition)
	if err != nil {
		sys.t.Fatalf("partition %d: %v", partition, err)
	}
	return messages
}
