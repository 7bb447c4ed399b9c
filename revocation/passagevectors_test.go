package revocation_test

import (
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest/vectors"
	"github.com/railgate/railgate/tokens"
)

// bookingList is a sink that lists bookings as vectors do.
type bookingList []vectors.Booking

func (l *bookingList) Apply(body string, at, _ int64) {
	*l = append(*l, vectors.Booking{Body: hex.EncodeToString([]byte(body)), AtMS: at})
}

// checkPassages compares gateways, forgiven serials, amnesties and bookings with a vector.
func checkPassages(t *testing.T, way string, v *vectors.Vector, r *revocation.Replica) {
	t.Helper()
	e, s := v.Expect, r.Status(v.SinceMS)
	for _, g := range e.Gateways {
		key, ok := r.Gateway(revocation.GatewayID(g.ID))
		cutoff := int64(tokens.Never)
		if g.Cutoff != nil {
			cutoff = *g.Cutoff
		}
		if !ok || hex.EncodeToString(key.Public[:]) != g.Public || key.Cutoff != cutoff {
			t.Errorf("%s: gateway %d is %+v", way, g.ID, key)
		}
		proof, err := revocation.OpenBatch(r.GatewayProof(revocation.GatewayID(g.ID)), authorityOf(t, v))
		if err != nil || proof.Len() == 0 {
			t.Errorf("%s: the proof of gateway %d: %v", way, g.ID, err)
		}
	}
	forgiven := func(text string) int64 {
		serial, err := tokens.ParseSerial(text)
		if err != nil {
			t.Fatal(err)
		}
		return r.Forgiven(serial)
	}
	for _, f := range e.Forgiven {
		if got := forgiven(f.Serial); got != f.UntilMS {
			t.Errorf("%s: %s is forgiven until %d, want %d", way, f.Serial, got, f.UntilMS)
		}
	}
	for _, text := range e.NotForgiven {
		if got := forgiven(text); got != 0 {
			t.Errorf("%s: %s is forgiven until %d", way, text, got)
		}
	}
	if s.Gateways != len(e.Gateways) || s.Forgiven != len(e.Forgiven) {
		t.Errorf("%s: %d gateways, %d forgiven serials; want %d, %d", way, s.Gateways, s.Forgiven, len(e.Gateways), len(e.Forgiven))
	}
	var amnesties []vectors.Amnesty
	for _, a := range r.Amnesties() {
		amnesties = append(amnesties, vectors.Amnesty{Scopes: a.Scopes.Names(), Station: hex.EncodeToString(a.Station[:]), From: a.From, Until: a.Until})
	}
	if !reflect.DeepEqual(amnesties, e.Amnesties) {
		t.Errorf("%s: amnesties %v, want %v", way, amnesties, e.Amnesties)
	}
	for _, q := range e.AmnestyQueries {
		var station revocation.Station
		scope, ok := tokens.ParseScope([]byte(q.Scope))
		if n, err := hex.Decode(station[:], []byte(q.Station)); n != len(station) || err != nil || !ok {
			t.Fatalf("query %+v", q)
		}
		if r.Amnesty(station, scope, q.At) != q.Covered {
			t.Errorf("%s: %+v is answered differently", way, q)
		}
	}
	if got := []vectors.Booking(*r.Bookings.(*bookingList)); v.Domain == "bookings" && !reflect.DeepEqual(got, e.Bookings) || v.Domain == "" && len(got) > 0 {
		t.Errorf("%s: bookings %v, want %v", way, got, e.Bookings)
	}
}

func authorityOf(t testing.TB, v *vectors.Vector) *revocation.Authority {
	t.Helper()
	authority, err := revocation.ParseAuthority(v.Authority)
	if err != nil {
		t.Fatal(err)
	}
	return authority.In(domainOf(t, v))
}
