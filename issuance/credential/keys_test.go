package credential_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// ring is the issuer's keys and the commands on them.
type ring struct {
	*keyring.Ring
	*keyring.Store
}

// keys are the issuer keys of the database, without a lead.
func (d *harness) keys() *keyring.Store {
	d.t.Helper()
	s, err := keyring.NewStore(keyring.Config{Outbox: d.Outbox, Sessions: credential.Sessions{}, AuditLog: audittest.OpenLog(d.t, d.Outbox.Database())})
	runtest.Must(d.t, err)
	return s
}

// rotateKeys gives the harness keys that are announced and rotated.
func (d *harness) rotateKeys(ids ...tokens.KeyID) ring {
	d.t.Helper()
	store := d.keys()
	var keys []keyring.Key
	for _, id := range ids {
		keys = append(keys, keyring.Key{ID: id, Signer: signing.NewKey([signing.SeedSize]byte{byte(id)})})
	}
	r, err := keyring.New(keyring.RingConfig{Store: store, Keys: keys, Announce: d.announce, Now: d.Now})
	runtest.Must(d.t, err)
	_, err = store.Bootstrap(d.t.Context(), keys[0].Public(), d.by())
	runtest.Must(d.t, err)
	d.Keys = r
	return ring{r, store}
}

func (d *harness) by() audit.Entry {
	return audit.Entry{AtMs: d.now.UnixMilli(), Who: "night-shift", Role: staff.Operator}
}

func (d *harness) execSQL(query string) {
	d.t.Helper()
	_, err := d.Outbox.Database().Writer().ExecContext(d.t.Context(), query)
	runtest.Must(d.t, err)
}

// publishAll empties the outbox as the publisher does, and returns the announced keys.
func (d *harness) publishAll() (announced []tokens.KeyID) {
	d.t.Helper()
	for _, r := range issuerdb.TakeRecords(d.t, d.Outbox, 0, 100).Records {
		if r.Kind == revocation.KindAnnounceKey {
			announced = append(announced, r.Key)
		}
	}
	d.execSQL(`DELETE FROM outbox`)
	return announced
}

func (d *harness) distrust(id tokens.KeyID) {
	d.t.Helper()
	_, _, err := d.keys().Distrust(d.t.Context(), keyring.Distrust{Key: id, Cutoff: d.now.Unix(), Who: "night-shift", At: database.MillisAt(d.now)})
	runtest.Must(d.t, err)
}

// signingKey is the key of the session that an approved passenger opens.
func (d *harness) signingKey(s *credential.Service, p pass, check string) (tokens.KeyID, error) {
	d.t.Helper()
	h := d.authorize(s, p)
	anchor, links := tokens.Chain(tokens.Link{}, *s.View(h).Serial, tokens.Length)
	o, err := s.OpenSession(d.t.Context(), h, check, credential.Anchor, hex.EncodeToString(anchor[:]))
	if err != nil {
		return 0, err
	}
	shown := tokens.Assemble(o.Pass, 0, links[0])
	return shown.KeyID(), nil
}

// checked is another passed face check.
func (d *harness) checked(s *credential.Service, p pass) string {
	d.t.Helper()
	c, err := s.Check(d.t.Context(), d.authorize(s, p), facecheck.SandboxPass, throttle.Caller{})
	runtest.Must(d.t, err)
	return c.Check
}

// The keys of a service in their order: none that gateways know, one, two, and back to one
// by a cutoff that the service finds out only when it opens a session.
func TestSessionsAreSignedByTheActiveKey(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		keys := d.rotateKeys(1, 2)
		s := d.openService()
		_, p := d.apply(s, 1)
		check := d.checked(s, p)
		if _, err := d.signingKey(s, p, check); !problem.Is(err, credential.IssuingSuspended) {
			t.Fatalf("no gateway knows the key: %v", err)
		}
		if waiting := s.Ready(t.Context()); len(waiting) != 1 || !strings.Contains(waiting[0], "announcement of key 1 is not in the control stream yet") {
			t.Fatalf("ready: %q", waiting)
		}
		d.publishAll()
		if waiting := s.Ready(t.Context()); len(waiting) != 0 {
			t.Fatalf("ready: %q", waiting)
		}
		if id, err := d.signingKey(s, p, check); id != 1 || err != nil {
			t.Fatalf("key %d, %v", id, err)
		}

		second := keyring.Key{ID: 2, Signer: signing.NewKey([signing.SeedSize]byte{2})}
		if _, err := keys.Announce(t.Context(), second.Public(), d.by()); err != nil {
			t.Fatal(err)
		}
		d.publishAll()
		runtest.Must(t, keys.Refresh(t.Context()))
		if id, err := d.signingKey(s, p, d.checked(s, p)); id != 2 || err != nil {
			t.Fatalf("key %d, %v", id, err)
		}
		d.distrust(2) // and the service has not refreshed since
		if id, err := d.signingKey(s, p, d.checked(s, p)); id != 1 || err != nil {
			t.Fatalf("key %d, %v", id, err)
		}
		d.distrust(1)
		check = d.checked(s, p)
		for range 2 {
			if _, err := d.signingKey(s, p, check); !problem.Is(err, credential.IssuingSuspended) {
				t.Fatalf("every key is distrusted: %v", err)
			}
		}
		if waiting := s.Ready(t.Context()); len(waiting) != 1 || !strings.Contains(waiting[0], "key 1 is distrusted; key 2 is distrusted") {
			t.Fatalf("ready: %q", waiting)
		}
		if _, err := s.Revoke(t.Context(), d.member(), s.View(d.authorize(s, p)).Serial.String(), "fraud", ""); err != nil {
			t.Fatalf("staff cannot revoke: %v", err)
		}
		if _, err := d.tryOpen(); err != nil {
			t.Fatalf("the issuer does not start: %v", err)
		}
	})
}

// Announcements are repeated before topics forget them, except for a retired key.
func TestRetiredKeyIsNotAnnouncedAgain(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		d.announce = []keyring.Public{{ID: 40001, Key: signing.NewKey([signing.SeedSize]byte{9}).Public()}}
		keys := d.rotateKeys(1, 2)
		d.openService()
		if _, err := keys.Announce(t.Context(), keyring.Key{ID: 2, Signer: signing.NewKey([signing.SeedSize]byte{2})}.Public(), d.by()); err != nil {
			t.Fatal(err)
		}
		d.publishAll()
		for _, command := range []func() error{
			func() error { return keys.Refresh(t.Context()) },
			func() error { _, err := keys.Deactivate(t.Context(), 1, d.by()); return err },
		} {
			runtest.Must(t, command())
		}
		d.execSQL(`UPDATE issuer_keys SET inactive_ms = inactive_ms - 3600000`)
		if changed, err := keys.Retire(t.Context(), 1, d.by()); !changed || err != nil {
			t.Fatalf("changed %v: %v", changed, err)
		}
		d.now = d.now.Add(keyring.AnnounceAgain + time.Minute)
		d.openService()
		if got := d.publishAll(); len(got) != 2 || got[0] != 2 || got[1] != 40001 {
			t.Fatalf("announced again: %v", got)
		}
	})
}
