package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/test/fakekafka"
)

// AnyCPU stands for no processor in particular.
const AnyCPU = -1

// Databases that an issuer can have here.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// readyWithin bounds the wait for a /readyz, also after the database was away.
const readyWithin = 40 * time.Second

// readyPoll is the pause between two such questions.
const readyPoll = 20 * time.Millisecond

// Plan says what a house has.
type Plan struct {
	Binaries *Binaries
	Database string // Postgres or SQLite
	Port     int    // of PostgreSQL
	Gateway  bool
	// GateCPU is the processor of the gateway; AnyCPU: those of this process, as
	// all else.
	GateCPU int
	Say     io.Writer // progress of PostgreSQL's script
}

// House is all of it at work.
type House struct {
	Issuer, Gateway string // addresses, host:port
	Staff           string // a staff credential
	Target          string // a file that tells the load test how to reach the gateway

	dir             string
	broker          *fakekafka.Broker
	postgres        *postgres // nil: SQLite
	issuer, gateway *process  // gateway may be nil
}

// Open starts everything and waits until it is ready. What was started before a
// failure, or the end of ctx, is stopped again.
func Open(ctx context.Context, p Plan) (*House, error) {
	h := &House{}
	if err := h.open(ctx, p); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *House) open(ctx context.Context, p Plan) (err error) {
	if h.dir, err = os.MkdirTemp("", "railgate-issuance-"); err != nil {
		return err
	}
	if err := os.Chmod(h.dir, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	if h.broker, err = fakekafka.Start(); err != nil {
		return err
	}
	database := filepath.Join(h.dir, "issuer.db")
	if p.Database == Postgres {
		script := filepath.Join(p.Binaries.root, "deploy", "postgres", "postgres.sh")
		if h.postgres, err = startPostgres(script, filepath.Join(h.dir, "postgres"), p.Port, p.Say); err != nil {
			return err
		}
		database = h.postgres.dsn
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.furnish(ctx, p, database); err != nil {
		return err
	}
	if h.issuer, err = startProcess(h.dir, "issuer", AnyCPU, p.Binaries.Path("issuer"), "-config", h.file("issuer.toml")); err != nil {
		return err
	}
	if err := h.Ready(ctx); err != nil || !p.Gateway {
		return err
	}
	if h.gateway, err = startProcess(h.dir, "gateway", p.GateCPU, p.Binaries.Path("gateway"), "-config", h.file("gateway.toml")); err != nil {
		return err
	}
	return h.ready(ctx, h.gateway, h.Gateway)
}

func (h *House) file(name string) string { return filepath.Join(h.dir, name) }

// Ready waits until the issuer is.
func (h *House) Ready(ctx context.Context) error { return h.ready(ctx, h.issuer, h.Issuer) }

func (h *House) ready(ctx context.Context, p *process, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if err := p.gone(); err != nil {
			return err
		}
		if answers(ctx, "http://"+address+"/readyz") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the %s is not ready: %w", p.name, ctx.Err())
		case <-time.After(readyPoll):
		}
	}
}

func answers(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Alive is an error if a process has ended that should not have.
func (h *House) Alive() error {
	if h.gateway != nil {
		if err := h.gateway.gone(); err != nil {
			return err
		}
	}
	return h.issuer.gone()
}

// CPU is what was used so far.
func (h *House) CPU() (c CPU, err error) {
	self, err := statOf(os.Getpid())
	if err != nil {
		return c, err
	}
	issuer, err := statOf(h.issuer.cmd.Process.Pid)
	if err != nil {
		return c, err
	}
	c = CPU{Client: self.own, Issuer: issuer.own}
	if h.postgres != nil {
		c.Database, err = familyTime(h.postgres.pid())
	}
	return c, err
}

// StopDatabase ends PostgreSQL as a crash does; StartDatabase has it back.
func (h *House) StopDatabase() error  { return h.postgres.order("down") }
func (h *House) StartDatabase() error { return h.postgres.order("up") }

// HasPostgres reports whether there is one to stop.
func (h *House) HasPostgres() bool { return h.postgres != nil }

// Trim empties the logs: an issuer writes a line for each request.
func (h *House) Trim() error {
	err := os.Truncate(h.issuer.log, 0)
	if h.gateway != nil {
		err = errors.Join(err, os.Truncate(h.gateway.log, 0))
	}
	return err
}

// Close ends everything and deletes its folder.
func (h *House) Close() error {
	var faults []error
	for _, p := range []*process{h.gateway, h.issuer} {
		if p != nil {
			faults = append(faults, p.stop())
		}
	}
	if h.broker != nil {
		h.broker.Close()
	}
	if h.postgres != nil {
		faults = append(faults, h.postgres.end())
	}
	if h.dir != "" {
		faults = append(faults, os.RemoveAll(h.dir))
	}
	return errors.Join(faults...)
}
