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

// reconcileAll compares database, audit log and stream with each other and with the
// model, after the last life ended with nothing left to do.
func (sys *system) reconcileAll() {
	sys.t.Helper()
	sys.inspect(func(db *database.DB) {
		r := sys.reconcileDatabase(db)
		sys.model.mu.Lock()
		defer sys.model.mu.Unlock()
		if waits := sys.verifyAuditLog(db).Unchained; waits != 0 {
			sys.model.faultLocked("%d entries of the trail are not sealed", waits)
		}
		if r.waiting != 0 {
			sys.model.faultLocked("%d records wait in the outbox, which was empty", r.waiting)
		}
		sys.reconcileStream(r)
		sys.requireLoad(r)
	})
}

// place is a number in a partition, of one epoch.
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

// reconcileStream reads the whole stream. Every number is there, none with two
// contents; what it says of a credential is what was said of it, word for word;
// and a gateway that followed it knows what the database knows.
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
	said, epochs, repeated, announced := map[place]revocation.Record{}, map[uint64]bool{}, 0, false
	for _, m := range sys.messages(authority) {
		if !epochs[m.Epoch] && m.Epoch != r.epoch {
			sys.model.faultLocked("the stream was begun anew: partition %d has epoch %d, and the present one is %d", m.partition, m.Epoch, r.epoch)
		}
		epochs[m.Epoch] = true
		for number, record := range m.Records() {
			at := place{m.Epoch, m.partition, number}
			if before, twice := said[at]; twice && before != record {
				sys.model.faultLocked("number %d of partition %d was %+v and then %+v", number, m.partition, before, record)
			} else if twice {
				repeated++
			}
			said[at] = record
			announced = announced || record.Kind == revocation.KindAnnounceKey && record.Key == issuerKeyID && record.Public == issuerKey.Public()
		}
		switch outcome := gateway.Apply(m.partition, m.raw, m.IssuedAt); outcome {
		case revocation.Applied, revocation.Duplicate, revocation.PastHeartbeat:
		default:
			sys.model.faultLocked("of the batch of partition %d that begins with number %d, a gateway says %s", m.partition, m.First, outcome)
		}
		gateway.Forget(m.IssuedAt)
	}
	if !announced {
		sys.model.faultLocked("the stream does not announce the key")
	}
	sys.model.counts["(records said twice in the stream)"] = repeated
	sys.model.counts["(records in the stream)"] = len(said)
	sys.compareStream(r, said, gateway)
}

// messages reads all partitions, in the order in which a gateway met them.
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

// change is what was said of a credential, and when it was accepted.
type change struct {
	kind revocation.Kind
	atMs int64
}

// compareStream compares what the stream said with the rows.
func (sys *system) compareStream(r *rows, said map[place]revocation.Record, gateway *revocation.Replica) {
	spoken, closings := map[tokens.Serial][]change{}, map[revocation.Record]int{}
	all := 0
	for partition := range partitions {
		for number := uint64(1); number < r.nextNumber[partition]; number++ {
			record, there := said[place{r.epoch, partition, number}]
			if !there {
				sys.model.faultLocked("number %d of partition %d was given and is not in the stream", number, partition)
			}
			if record.Kind == revocation.KindRevoke || record.Kind == revocation.KindUnrevoke {
				spoken[record.Serial] = append(spoken[record.Serial], change{record.Kind, record.At})
			}
			if record.Kind == revocation.KindRevokeSession {
				closings[record]++
			}
			all++
		}
	}
	sys.compareSessions(r, closings, gateway)
	if len(said) != all {
		sys.model.faultLocked("the stream has %d numbers, and %d were given", len(said), all)
	}
	now := sys.now()
	for serial, c := range r.credentials {
		var decisions []change
		for _, w := range c.decisions {
			decisions = append(decisions, change{revocation.KindRevoke, w.atMs})
			if w.lifted {
				decisions[len(decisions)-1].kind = revocation.KindUnrevoke
			}
		}
		if !slices.Equal(decisions, spoken[serial]) {
			sys.model.faultLocked("of %s was said %v, and in the stream %v", serial, decisions, spoken[serial])
		}
		over := tokens.DayOver(serial.Day) <= now.Add(-revocation.Afterlife).Unix() // gateways have forgotten it
		if gateway.Revoked(serial) != (c.revokedMs != 0) && !over {
			sys.model.faultLocked("%s is revoked: %v, and a gateway says %v", serial, c.revokedMs != 0, gateway.Revoked(serial))
		}
		delete(spoken, serial)
	}
	for serial, decisions := range spoken {
		sys.model.faultLocked("the stream speaks of %s, which was never given: %v", serial, decisions)
	}
}

// compareSessions compares the closed sessions with the rows: each one that began within a
// day of its closing is said once, and no other. A gateway need not know those that no phone
// could show any more.
func (sys *system) compareSessions(r *rows, closings map[revocation.Record]int, gateway *revocation.Replica) {
	said := len(closings)
	for id, s := range r.sessions {
		c := r.applications[s.application].credential
		if c == nil {
			continue // said already
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
			sys.model.faultLocked("session %s is closed in the database: %v, and a gateway says %v", id, s.closed, is)
		}
	}
	for record := range closings {
		sys.model.faultLocked("the stream says of a session that is not closed: %+v", record)
	}
	sys.model.counts["(closed sessions in the stream)"] = said
	if said == 0 {
		sys.model.faultLocked("no session was closed in time to be said: the run shows nothing")
	}
}

// requireLoad fails a run that did not do what it is about.
func (sys *system) requireLoad(r *rows) {
	for what, n := range r.load() {
		if sys.model.counts["("+what+")"] = n; n == 0 {
			sys.model.faultLocked("no %s: the run shows nothing", what)
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
