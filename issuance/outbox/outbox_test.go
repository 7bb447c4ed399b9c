package outbox

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "outbox") }

const (
	nowMs      = tokentest.Epoch * 1000
	partitions = 4
)

// everyDatabase runs a test on SQLite, and on PostgreSQL if there is one.
func everyDatabase(t *testing.T, test func(t *testing.T, open func() *box)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, address string) {
		in := new(activeRecords)
		test(t, func() *box { return in.open(t, address, "", partitions, false) })
	})
}

// each is everyDatabase for tests of one process.
func each(t *testing.T, test func(t *testing.T, o *box)) {
	t.Helper()
	everyDatabase(t, func(t *testing.T, open func() *box) { test(t, open()) })
}

// activeRecords has the records that the owner of the credentials would republish.
type activeRecords struct{ records []revocation.Record }

// box is an Outbox and the state behind its records.
type box struct {
	*Outbox
	*activeRecords
}

// open opens the same database each time; every outbox is closed at the end.
func (c *activeRecords) open(t *testing.T, address, topic string, partitions int, move bool) *box {
	t.Helper()
	o, err := c.tryOpen(t, address, topic, partitions, move)
	runtest.Must(t, err)
	return o
}

func (c *activeRecords) tryOpen(t *testing.T, address, topic string, partitions int, move bool) (*box, error) {
	t.Helper()
	source := func(context.Context, *database.DB, *sql.Tx, database.Millis) ([]revocation.Record, error) {
		return c.records, nil
	}
	o, err := Open(t.Context(), Config{Database: address, Topic: topic, Partitions: partitions, Move: move,
		Sources: []Source{source}, Now: func() time.Time { return time.UnixMilli(nowMs) }})
	if err == nil {
		t.Cleanup(func() { o.Close() })
	}
	return &box{o, c}, err
}

// serial is that of the n-th credential.
func serial(n int) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(nowMs / 1000)), Index: uint32(n)}
}

func record(n int, at int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindRevoke, At: at, Serial: serial(n)}
}

// enqueue commits a record, as its change would.
func enqueue(t *testing.T, o *box, r revocation.Record) {
	t.Helper()
	runtest.Must(t, o.Do(t.Context(), o.changeWrite(r)))
	o.records = append(o.records, r)
}

func (o *box) changeWrite(r revocation.Record) *Write {
	return &Write{Serial: r.Serial, Run: func(ctx context.Context, tx *sql.Tx) error { return o.Enqueue(ctx, tx, r) }}
}

func TestOpenRefusesInvalidConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuer.db")
	for name, c := range map[string]Config{
		"no database":   {Partitions: 1},
		"no partitions": {Database: path},
		"too many":      {Database: path, Partitions: MaxPartitions + 1},
		"bad address":   {Database: "postgres://user:secret-word@host:notaport/", Partitions: 1},
	} {
		o, err := Open(t.Context(), c)
		if err == nil {
			o.Close()
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: the error contains the password: %v", name, err)
		}
	}
	new(activeRecords).open(t, path, "", partitions, false)
	if _, err := Open(t.Context(), Config{Database: path, Partitions: partitions * 2}); err == nil || !strings.Contains(err.Error(), "partitions") {
		t.Fatalf("another number of partitions: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the database has mode %v: %v", info.Mode(), err)
	}
}

// A database belongs to one stream. An issuer whose settings name another is refused, with
// an error that names both.
func TestDatabaseKeepsItsStream(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		owner := new(activeRecords)
		first := owner.open(t, address, "railgate.control", 4, false)
		owner.open(t, address, "railgate.control", 4, false)
		refuses := func(topic string, partitions int, words ...string) {
			t.Helper()
			_, err := owner.tryOpen(t, address, topic, partitions, false)
			if !errors.Is(err, publish.ErrOtherStream) {
				t.Fatalf("%s with %d partitions: %v", topic, partitions, err)
			}
			for _, w := range words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %s: %v", w, err)
				}
			}
		}
		refuses("railgate.contrl", 4, `"railgate.control" with 4`, `"railgate.contrl" with 4`)
		refuses("railgate.control", 3, `"railgate.control" with 4`, `"railgate.control" with 3`)

		// A database from before topics were stored takes that of the first start.
		_, err := first.db.Writer().Exec(`UPDATE stream SET topic = ''`)
		runtest.Must(t, err)
		refuses("railgate.control", 3)
		owner.open(t, address, "railgate.kept", 4, false)
		refuses("railgate.control", 4, `"railgate.kept"`)
	})
}

// Moving the stream republishes all active records in the new partitions, and publishers
// with the old settings stop.
func TestMoveStreamRepublishesEverything(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		owner := new(activeRecords)
		old := owner.open(t, address, "railgate.control", 4, false)
		for n := range 6 {
			enqueue(t, old, record(n, nowMs+1))
		}
		if leading, err := old.Lead(t.Context()); err != nil || !leading {
			t.Fatal(leading, err)
		}
		before := issuerdb.Epoch(t, old)
		moved := owner.open(t, address, "railgate.control.2", 2, true)
		by := Command{AuditLog: audittest.OpenLog(t, old.Database()), Who: "night-shift", At: nowMs + 2}
		if _, err := moved.MoveStream(t.Context(), by); !errors.Is(err, ErrPublishing) {
			t.Fatalf("while an issuer publishes: %v", err)
		}
		runtest.Must(t, old.Resign(t.Context()))
		epoch, err := moved.MoveStream(t.Context(), by)
		if err != nil || epoch <= before {
			t.Fatalf("epoch %d after %d, %v", epoch, before, err)
		}
		if _, err := old.Epoch(t.Context()); !errors.Is(err, publish.ErrOtherStream) {
			t.Fatalf("under the old settings: %v", err)
		}
		if _, err := owner.tryOpen(t, address, "railgate.control", 4, false); !errors.Is(err, publish.ErrOtherStream) {
			t.Fatalf("opened with the old settings: %v", err)
		}
		next := owner.open(t, address, "railgate.control.2", 2, false)
		revoked := 0
		for p := range next.Partitions() {
			pending, err := next.TakeRecords(t.Context(), epoch, p, 0, 100)
			runtest.Must(t, err)
			for _, r := range pending.Records {
				if got := publish.Partition(&r, next.Partitions()); got != p {
					t.Errorf("a record of partition %d in %d", got, p)
				}
				revoked++
			}
		}
		if revoked != 6 {
			t.Fatalf("%d revocations in the new partitions, want 6", revoked)
		}
	})
}
