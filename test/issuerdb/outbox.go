package issuerdb

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Epoch is the present one of an outbox.
func Epoch(t testing.TB, o publish.Outbox) uint64 {
	t.Helper()
	e, err := o.Epoch(t.Context())
	runtest.Must(t, err)
	return e
}

// Take takes what waits in a partition, and leaves it there.
func Take(t testing.TB, o publish.Outbox, partition, max int) publish.Pending {
	t.Helper()
	p, err := o.Take(t.Context(), Epoch(t, o), partition, 0, max)
	runtest.Must(t, err)
	return p
}

// Drain publishes all that waits in a partition and returns it.
func Drain(t testing.TB, o publish.Outbox, partition int) (records []revocation.Record) {
	t.Helper()
	for {
		p := Take(t, o, partition, 1000)
		if len(p.Records) > 0 {
			runtest.Must(t, o.Published(t.Context(), Epoch(t, o), partition, p.First+uint64(len(p.Records))-1))
		}
		if records = append(records, p.Records...); p.Drained {
			return records
		}
	}
}

// Kinds are the kinds of records, in their order.
func Kinds(records []revocation.Record) string {
	var names []string
	for _, r := range records {
		names = append(names, r.Kind.String())
	}
	return strings.Join(names, " ")
}
