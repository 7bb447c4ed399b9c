package crash

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens/signing"
)

// issuerEnv contains an issuerSetting; the process that has it is the issuer.
const issuerEnv = "RAILGATE_CRASH_ISSUER"

// issuerSetting is the configuration of one process of the issuer.
type issuerSetting struct {
	Database string
	Brokers  []string
	NowMs    int64 // by its clock, when it starts
	Bookings bool  // it publishes bookings
}

// The keys of every process. They are not confidential: only the test uses this issuer.
var (
	issuerKey    = signing.NewKey([signing.SeedSize]byte{'i', 's', 's', 'u', 'e', 'r'})
	authorityKey = signing.NewKey([signing.SeedSize]byte{'a', 'u', 't', 'h'})
	vaultMaster  = vault.Master{'v', 'a', 'u', 'l', 't'}
)

const (
	issuerKeyID  = 7
	controlTopic = "railgate.control"
	partitions   = 4
	staffSecret  = "rgs_0000000000000000000000000000000000000000000000000000000000000001"
	staffName    = "window-7"
	drainTimeout = 5 * time.Second
	orphaned     = 3 // exit code of an issuer whose test has ended
	waitingPath  = "/crash/waiting"
	bookingsPath = "/crash/bookings"
	bookingOpens = 12 * time.Hour
	stopCommand  = "stop"
)

// issuerMain is the issuer's process. It prints its address on standard output, stops in order when
// standard input has a line, and ends immediately when standard input closes: then the test has
// ended, for any reason.
func issuerMain(setting string) (exit int) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			stop()
		}
		os.Exit(orphaned)
	}()
	var s issuerSetting
	err := json.Unmarshal([]byte(setting), &s)
	if err == nil {
		err = s.serve(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "issuer:", err)
		return 1
	}
	return 0
}

// serve wires the issuer like the issuer command, with the test's clock.
func (s *issuerSetting) serve(ctx context.Context) error {
	started := time.Now()
	now := func() time.Time { return time.UnixMilli(s.NowMs).Add(time.Since(started)) }
	log, err := process.Logger("error")
	if err != nil {
		return err
	}
	db, err := issuance.OpenOutbox(ctx, outbox.Config{Database: s.Database, Partitions: partitions, Now: now})
	if err != nil {
		return err
	}
	defer db.Close()
	link, err := kafka.Open(kafka.Config{Brokers: s.Brokers, Topic: controlTopic, ClientID: "crash-test"})
	if err != nil {
		return err
	}
	defer link.Close()
	publisher := publish.New(publish.Config{
		Broker: link, Outbox: db, Authority: authorityKey, Now: now, Log: log,
		Topic: publish.Topic{Name: controlTopic, Partitions: partitions, Replication: 1},
	})
	secret := sha256.Sum256([]byte(staffSecret))
	db.SetWake(publisher.WakeOne)
	var bookings *outbox.Outbox
	var bookingsPublisher *publish.Publisher
	if s.Bookings {
		bookings, err = issuance.OpenBookings(ctx, db, issuance.BookingsConfig{Topic: bookingsTopic, Partitions: bookingPartitions,
			Vault: vault.New(vaultMaster), Opens: bookingOpens, Now: now})
		if err != nil {
			return err
		}
		link, err := kafka.Open(kafka.Config{Brokers: s.Brokers, Topic: bookingsTopic, ClientID: "crash-test"})
		if err != nil {
			return err
		}
		defer link.Close()
		bookingsPublisher = publish.New(publish.Config{
			Domain: revocation.Bookings, Broker: link, Outbox: bookings, Authority: authorityKey, Now: now, Log: log,
			Topic: publish.Topic{Name: bookingsTopic, Partitions: bookingPartitions, Replication: 1},
		})
		bookings.SetWake(bookingsPublisher.WakeOne)
	}
	b, err := issuance.Open(ctx, issuance.Config{
		Bookings: bookings, Opens: bookingOpens,
		Keys: []keyring.Key{{ID: issuerKeyID, Signer: issuerKey}}, FirstKeySigns: true,
		Credentials: credential.Config{
			Outbox: db, Vault: vaultMaster,
			Checker: facecheck.Sandbox{}, Residents: &flakyRegistry{}, Now: now, Log: log,
		},
		Hashing: account.Hashing{MemoryKiB: 64, Passes: 1, Lanes: 1, CheapForTests: true},
		Staff:   []staff.Credential{{Name: staffName, SHA256: hex.EncodeToString(secret[:]), Roles: []staff.Role{staff.Window, staff.Police, staff.Ticketing}}},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.Background())
	defer stop()
	var parts errgroup.Group
	parts.Go(func() error { return publisher.Run(background) })
	parts.Go(func() error { return b.Run(background) })
	if bookingsPublisher != nil {
		parts.Go(func() error { return bookingsPublisher.Run(background) })
	}
	fmt.Printf("http://%s\n", listener.Addr())
	err = process.ServeHTTP(ctx, httpapi.NewServer("", withWaiting(b, db, bookings), log), listener, drainTimeout)
	stop()
	if e := parts.Wait(); err == nil {
		err = e
	}
	return err
}

// withWaiting adds endpoints for the test: the number of records that wait for the control stream; the number of tickets of
// which a record is due, and of records that wait for the stream of bookings.
func withWaiting(b *issuance.Issuer, db, bookings *outbox.Outbox) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", b.API.Public())
	mux.HandleFunc("GET "+bookingsPath, func(w http.ResponseWriter, r *http.Request) {
		due, err := b.Registry.PublishBookings(r.Context())
		waiting, err2 := bookings.Waiting(r.Context())
		if err != nil || err2 != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, due, waiting)
	})
	mux.HandleFunc("GET "+waitingPath, func(w http.ResponseWriter, r *http.Request) {
		n, err := db.Waiting(r.Context())
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, n)
	})
	return mux
}

// flakyRegistry fails regularly: some applications remain checked and are decided later.
type flakyRegistry struct {
	provider.SandboxResidentRegistry
	lookups atomic.Int64
}

const failEvery = 6

func (m *flakyRegistry) Lookup(ctx context.Context, p provider.Person) (provider.Match, error) {
	if m.lookups.Add(1)%failEvery == 0 {
		return provider.Unknown, provider.ErrSandbox
	}
	return m.SandboxResidentRegistry.Lookup(ctx, p)
}
