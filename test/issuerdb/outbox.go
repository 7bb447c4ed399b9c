package issuerdb

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Epoch returns the current epoch of an outbox.
func Epoch(t testing.TB, o publish.Outbox) uint64 {
	t.Helper()
	e, err := o.Epoch(t.Context())
	runtest.Must(t, err)
	return e
}

// TakeRecords returns the first pending records of a partition, at most max, and leaves them there.
func TakeRecords(t testing.TB, o publish.Outbox, partition, max int) publish.Pending {
	t.Helper()
	p, err := o.TakeRecords(t.Context(), Epoch(t, o), partition, 0, max)
	runtest.Must(t, err)
	return p
}

// Drain marks all pending records of a partition as published and returns them.
func Drain(t testing.TB, o publish.Outbox, partition int) (records []revocation.Record) {
	t.Helper()
	for {
		p := TakeRecords(t, o, partition, 1000)
		if len(p.Records) > 0 {
			runtest.Must(t, o.MarkPublished(t.Context(), Epoch(t, o), partition, p.First+uint64(len(p.Records))-1))
		}
		if records = append(records, p.Records...); p.Drained {
			return records
		}
	}
}

// Kinds returns the names of the records' kinds, in order.
func Kinds(records []revocation.Record) string {
	var names []string
	for _, r := range records {
		names = append(names, r.Kind.String())
	}
	return strings.Join(names, " ")
}
