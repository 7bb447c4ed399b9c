package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestDatabaseAddressIsChecked(t *testing.T) {
	for _, name := range []string{"PGSSLMODE", "PGHOST", "PGPORT", "PGSERVICE", "PGPASSFILE", "PGSSLROOTCERT"} {
		t.Setenv(name, "")
	}
	const clear = "would not be verified"
	for address, want := range map[string]string{
		"issuer.db":                             "",
		"/var/lib/my issuer/issuer.db":          "",
		"":                                      "address is empty",
		" postgres://db/railgate":               "begins or ends with a space",
		"issuer.db ":                            "begins or ends with a space",
		"psql://u:secret-word@db/railgate":      "unknown scheme",
		"Postgres://u:secret-word@db/railgate":  "unknown scheme",
		"host=db user=u password=secret-word":   "list of key=value",
		"dbname=railgate":                       "list of key=value",
		"postgres://u:secret-word@db/rail gate": "contains a space",
		"postgres://u@db/railgate?sslmode=disable &passfile=x": "contains a space",
		"postgres://u:secret-word@db:99999/railgate":           "cannot be parsed",
		"postgres://u@db/railgate?sslmode=full":                "cannot be parsed",
		"postgres://u:secret-word@db/railgate":                 clear,
		"postgresql://u@db/railgate":                           clear,
		"postgres://u@10.0.0.1/railgate":                       clear,
		"postgres://u@db/railgate?sslmode=prefer":              clear,
		"postgres://u@db/railgate?sslmode=allow":               clear,
		"postgres://u@127.0.0.1,db/railgate":                   clear,
		"postgres://u@db/railgate?sslmode=verify-full":         "",
		"postgres://u@db/railgate?sslmode=disable":             "",
		"postgres://u@db/railgate?sslmode=require":             "",
		"postgres://u@db/railgate?sslmode=verify-ca":           "",
		"postgres://u@127.0.0.1/railgate":                      "",
		"postgres://u@[::1]/railgate":                          "",
		"postgres://u@localhost:5433/railgate":                 "",
		"postgres://u@/railgate?host=/run/postgresql":          "",
		"postgres://u@127.0.0.1,localhost/railgate":            "",
	} {
		err := Check(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%q: the error contains the password", address)
		}
	}
	t.Setenv("PGSSLMODE", "verify-full")
	if err := Check("postgres://u@db/railgate"); err != nil {
		t.Errorf("verified by PGSSLMODE: %v", err)
	}
	t.Setenv("PGSSLMODE", "disable")
	if err := Check("postgres://u@db/railgate"); err == nil {
		t.Error("in clear text by PGSSLMODE, which the address does not contain")
	}
}

// The file of a mistyped address must not be created.
func TestMistypedAddressIsNotOpened(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, address := range []string{"psql://db/railgate", "host=db", "postgres://db/railgate"} {
		if db, err := Open(t.Context(), address, time.Now()); err == nil {
			db.Close()
			t.Errorf("%s: opened", address)
		}
	}
	if made, err := filepath.Glob("*"); err != nil || len(made) > 0 {
		t.Errorf("made %v, %v", made, err)
	}
}

// server counts attempts and fails them while it is down.
type server struct {
	driver.Connector
	down     atomic.Bool
	attempts atomic.Int32
	takes    time.Duration
}

var errDown = errors.New("connection refused")

func (s *server) Connect(ctx context.Context) (driver.Conn, error) {
	s.attempts.Add(1)
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.down.Load() {
		return nil, errDown
	}
	return nil, nil
}

// Whatever the number of callers, a server that is down gets a few attempts a second; after
// it is back, every caller connects after at most one pause.
func TestServerThatIsDownGetsFewAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: time.Millisecond}
		c := &connector{Connector: s}
		s.down.Store(true)
		const length = 10 * time.Second
		var all sync.WaitGroup
		end := time.Now().Add(length)
		for range 32 {
			all.Go(func() {
				for time.Now().Before(end) {
					if _, err := c.Connect(t.Context()); !errors.Is(err, errDown) {
						t.Errorf("%v, want the server's own error", err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		all.Wait()
		// The first 32 come before the first failure; then 20, 40, ... 640 ms, then a second.
		if n := s.attempts.Load(); n < 32+10 || n > 32+20 {
			t.Errorf("%d attempts in %v", n, length)
		}
		s.down.Store(false)
		time.Sleep(lastPause)
		for range 32 {
			if _, err := c.Connect(t.Context()); err != nil {
				t.Errorf("the server is back: %v", err)
			}
		}
	})
}

// A caller that cancels learns nothing about the server, and delays no other caller.
func TestCancelledAttemptIsNotAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: time.Second}
		c := &connector{Connector: s}
		for _, down := range []bool{false, true} {
			if down { // also while the server is known to be down
				s.down.Store(true)
				c.Connect(t.Context())
				s.down.Store(false)
				time.Sleep(lastPause)
			}
			ctx, leave := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, leave)
			if _, err := c.Connect(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled call got %v", err)
			}
			if _, err := c.Connect(t.Context()); err != nil {
				t.Errorf("the next call got %v", err)
			}
		}
	})
}
