// Package issuerdb supports tests inside issuer packages that own tables. It provides an empty
// database of each kind, a vault, a lockout, a clock that only the test moves, and invented people.
// It does not import account, registry or packages above them, so their own tests can import it.
package issuerdb

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
)

// The privacy policy version and password of every test account.
const (
	Policy   = "2026-01"
	Password = "correct horse 蓝色"
)

// DB is an open issuer database.
type DB struct {
	*database.DB
	T       *testing.T
	Address string
	Vault   *vault.Vault

	secrets []string // of the test's people: errors must not contain them
	ms      atomic.Int64
}

// Each runs a test on every database. No error of the test may contain one of the secrets.
func Each(t *testing.T, secrets []string, test func(t *testing.T, d *DB)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := &DB{T: t, Address: address, Vault: vault.New(vault.Master{1, 2, 3}), secrets: secrets}
		d.ms.Store(time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC).UnixMilli())
		var err error
		d.DB, err = database.Open(t.Context(), address, d.Now())
		d.Must(err)
		t.Cleanup(func() { d.Close() })
		test(t, d)
	})
}

// Now returns the time of the test's clock.
func (d *DB) Now() time.Time { return time.UnixMilli(d.ms.Load()) }

// Pass moves the clock forward.
func (d *DB) Pass(by time.Duration) { d.ms.Add(by.Milliseconds()) }

// NewLockout opens the lockouts as a further issuer on the same database would.
func (d *DB) NewLockout() *throttle.Lockout {
	d.T.Helper()
	f, err := throttle.NewLockout(throttle.Config{Database: d.DB, Index: d.Vault.Index, Now: d.Now})
	d.Must(err)
	return f
}

// Must ends the test on an unexpected error.
func (d *DB) Must(err error) {
	d.T.Helper()
	if err != nil {
		d.T.Fatal(err)
	}
}

// Done is [DB.Must] for a call whose result the test does not need.
func (d *DB) Done(_ any, err error) {
	d.T.Helper()
	d.Must(err)
}

// Count returns the number that a query selects.
func (d *DB) Count(query string, args ...any) (n int) {
	d.T.Helper()
	d.Must(d.Writer().QueryRow(query, args...).Scan(&n))
	return n
}

// Exec writes to the database directly, bypassing the issuer.
func (d *DB) Exec(query string, args ...any) {
	d.T.Helper()
	_, err := d.Writer().Exec(query, args...)
	d.Must(err)
}

// Refused asserts that err is a problem with the code and contains no secret.
func (d *DB) Refused(err error, code problem.Code, what string) {
	d.T.Helper()
	if !problem.Is(err, code) {
		d.T.Fatalf("%s: %v, want %s", what, err, code)
	}
	d.TellsNothing(err)
}

// Refuses is [DB.Refused] for a call: d.Refuses(code, what)(call()).
func (d *DB) Refuses(code problem.Code, what string) func(_ any, err error) {
	return func(_ any, err error) {
		d.T.Helper()
		d.Refused(err, code, what)
	}
}

// TellsNothing asserts that an error contains no secret.
func (d *DB) TellsNothing(err error) {
	d.T.Helper()
	text := fmt.Sprintf("%v %+v", err, err)
	var p *problem.Error
	if errors.As(err, &p) {
		text += p.Detail
	}
	for _, secret := range d.secrets {
		if strings.Contains(text, secret) {
			d.T.Errorf("an error contains the secret %q", secret)
		}
	}
}

// AtOnce runs f n times concurrently and counts the outcomes by problem code; "" is success. Any
// other error fails the test.
func (d *DB) AtOnce(n int, f func(i int) error) map[problem.Code]int {
	d.T.Helper()
	outcome := map[problem.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			var p *problem.Error
			if err != nil && !errors.As(err, &p) {
				d.T.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if p == nil {
				outcome[""]++
			} else {
				outcome[p.Code]++
			}
		})
	}
	close(start)
	wg.Wait()
	return outcome
}

// Home is the address of a test's passengers unless the test names another one.
var Home = From("203.0.113.9")

// From returns a caller at an address.
func From(address string) throttle.Caller {
	c, err := throttle.Proxies{}.Caller(address+":443", nil)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return c
}

// Resident returns an invented person with a resident ID card, a different one for each n.
func Resident(n int) identity.Entry {
	return identity.Entry{Name: "测试甲", DocumentType: "resident_id", DocumentNumber: passenger.IDNumber(fmt.Sprintf("11010519900307%03d", n))}
}

// Visitor returns an invented person with a passport, a different one for each n.
func Visitor(n int) identity.Entry {
	return identity.Entry{Name: "Marked Visitor", DocumentType: "passport", DocumentNumber: fmt.Sprintf("P%07d", n), Nationality: "NZL"}
}
