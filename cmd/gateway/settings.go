package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens/fixedkey"
)

type config struct {
	Listen       string                `toml:"listen" doc:"address of the public listener for gates, windows and handhelds, host:port"`
	Admin        string                `toml:"admin" doc:"address of the admin listener (metrics, profiles, health), host:port; it does not authenticate: keep it private"`
	LogLevel     string                `toml:"log_level" doc:"debug, info, warn or error"`
	DrainDelay   time.Duration         `toml:"drain_delay" doc:"time after SIGTERM for which requests are still served while /readyz reports 503; may be 0"`
	DrainTimeout time.Duration         `toml:"drain_timeout" doc:"longest wait after drain_delay for requests in progress"`
	CacheMiB     int                   `toml:"pass_cache_mib" doc:"memory for verified passes, MiB; about 5,900 passes per MiB"`
	SecretGroup  int                   `toml:"secret_group" doc:"id of a group whose members may read secret files (mode 0440) and write their parent folders, such as a pod's fsGroup; 0: none"`
	Kafka        kafkaSettings         `toml:"kafka" doc:"the control stream"`
	Snapshots    snapshots             `toml:"snapshots" doc:"the replica on disk, from which a restart continues"`
	Revocation   limits                `toml:"revocation" doc:"permitted age of the revocation data"`
	Station      string                `toml:"station" doc:"name of the gateway's station, as the ticketing system spells it, at most 64 bytes; empty: none, such as for handhelds on trains"`
	Identity     identitySettings      `toml:"identity" doc:"this gateway towards other gateways and handhelds"`
	Passages     passages              `toml:"passages" doc:"passages of all gateways, so that a code passes once; used if passback is on for a device"`
	Bookings     bookings              `toml:"bookings" doc:"bookings of the ticketing systems; used if ticket is on for a device"`
	Passback     gateway.PassbackEntry `toml:"passback" doc:"policy on second use of a code"`
	Ticket       gateway.TicketEntry   `toml:"ticket" doc:"policy on tickets"`
	Bundle       bundleSettings        `toml:"bundle" doc:"data for devices with offline = true (GET /v1/bundle); needs identity"`
	Devices      []gateway.DeviceEntry `toml:"device" doc:"a device that may send checks"`

	authority *revocation.Authority
	devices   *gateway.Devices
	policies  gateway.Policies
	needs     gateway.Needs
	identity  *feeds.Identity // nil: none is configured
}

// identitySettings name the gateway's key.
type identitySettings struct {
	ID      int    `toml:"id" doc:"number under which the authority announced this gateway, 1 to 65535; 0: none, so its passages stay local and it signs nothing"`
	KeyFile string `toml:"key_file" secret:"file" doc:"file with the gateway's private key; railgate-gateway -new-key makes it"`
}

type passages struct {
	Topic             string        `toml:"topic" doc:"the topic of passages; used if identity is set"`
	Partitions        int           `toml:"partitions" doc:"number of its partitions, the same at every gateway; a topic with another number is not used"`
	Entries           int           `toml:"entries" doc:"passages of two windows for which there is memory, about 19 bytes each; none is ever evicted, and verdicts report a full table"`
	ClockError        time.Duration `toml:"clock_error" doc:"how far this gateway's clock may be off, either way; conflicts show it, verdicts do not depend on it; at most 1m"`
	OfflineClockError time.Duration `toml:"offline_clock_error" doc:"the same for the clocks of handhelds that send scans later; at most 1m"`
}

type bookings struct {
	Topic       string `toml:"topic" doc:"the topic of bookings"`
	Partitions  int    `toml:"partitions" doc:"number of its partitions; a topic with another number is not read"`
	Entries     int    `toml:"entries" doc:"bookings for which there is memory, about 64 bytes each; none is ever evicted, and answers of a day that had no room are unknown"`
	AllStations bool   `toml:"all_stations" doc:"true: keep the bookings of every station, as handhelds on trains need; false: of station only"`
}

type bundleSettings struct {
	StaleAfter   time.Duration `toml:"stale_after" doc:"age of the data from which a device without a network takes its policy's action for stale"`
	ExpiredAfter time.Duration `toml:"expired_after" doc:"age from which it takes the action for expired; at most 24h"`
	Every        time.Duration `toml:"every" doc:"how often the content that is equal for all devices is made at most; bundles are up to this much older, 1s to 5m"`
}

// bundles returns the settings as the gateway takes them.
func (b *bundleSettings) bundles() gateway.Bundles {
	return gateway.Bundles{StaleAfter: b.StaleAfter, ExpiredAfter: b.ExpiredAfter, Every: b.Every}
}

type kafkaSettings struct {
	Brokers    []string `toml:"brokers" doc:"bootstrap brokers, host:port each"`
	Topic      string   `toml:"topic" doc:"the control topic"`
	Partitions int      `toml:"partitions" doc:"number of its partitions; a topic with another number is not read"`
	Authority  string   `toml:"authority" doc:"public key that signs the stream, 64 hex digits; railgate-issuer -init prints it"`

	Security kafka.Security `toml:"security" doc:"TLS and login towards Kafka"`
}

type snapshots struct {
	Dir   string        `toml:"dir" doc:"folder for this gateway alone, which no other user may write; empty: no snapshots, a restart reads the log from its start"`
	Every time.Duration `toml:"every" doc:"time between two snapshots"`
}

type limits struct {
	StaleAfter   time.Duration `toml:"stale_after" doc:"age from which the data is stale"`
	ExpiredAfter time.Duration `toml:"expired_after" doc:"age from which the data is expired"`
	MemoryMiB    int           `toml:"memory_mib" doc:"memory of the revocation data above which /readyz and the metrics report an alarm, MiB; no data is ever dropped"`

	Policy gateway.PolicyEntry `toml:"policy" doc:"gate policy, the action for each state of the data: serve, flag (serve, and set flagged in the verdict) or deny"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9080", LogLevel: "info",
		DrainDelay: 5 * time.Second, DrainTimeout: 10 * time.Second, CacheMiB: 64,
		Kafka:     kafkaSettings{Topic: "railgate.control", Partitions: 3},
		Snapshots: snapshots{Every: 30 * time.Second},
		Passages:  passages{Topic: exchange.DefaultTopic, Partitions: passage.DefaultPartitions, Entries: 1 << 20, ClockError: time.Second, OfflineClockError: 5 * time.Second},
		Bookings:  bookings{Topic: booking.DefaultTopic, Partitions: booking.DefaultPartitions, Entries: booking.DefaultEntries},
		Bundle:    bundleSettings{gateway.DefaultBundles.StaleAfter, gateway.DefaultBundles.ExpiredAfter, gateway.DefaultBundles.Every},
		Passback:  gateway.DefaultPassback.Entry(), Ticket: gateway.DefaultTicket.Entry(),
		Revocation: limits{
			StaleAfter:   revocation.DefaultLimits.StaleAfter,
			ExpiredAfter: revocation.DefaultLimits.ExpiredAfter,
			MemoryMiB:    revocation.DefaultLimits.Memory >> 20,
			Policy:       gateway.DefaultPolicy.Entry(),
		},
	}
}

// Validate checks the settings beyond their types, and stores the parsed values.
func (c *config) Validate() error {
	var f conf.Faults
	var err error
	f.Add("", conf.CheckListeners(c.Listen, c.Admin))
	f.Add("", conf.CheckBrokers("kafka.brokers", c.Kafka.Brokers))
	f.Need(c.Kafka.Topic != "", "kafka.topic", "must be set")
	f.Need(c.Kafka.Partitions >= 1 && c.Kafka.Partitions <= 64, "kafka.partitions", "must be 1 to 64")
	f.Add("", fixedkey.CheckForm())
	c.authority, err = revocation.ParseAuthority(c.Kafka.Authority)
	f.Add("kafka.authority", err)
	f.Need(c.Revocation.StaleAfter > 0 && c.Revocation.ExpiredAfter > c.Revocation.StaleAfter,
		"revocation.expired_after", "must be longer than stale_after, and both above 0")
	f.Need(c.Revocation.MemoryMiB >= 1 && c.Revocation.MemoryMiB <= 1<<20, "revocation.memory_mib", "must be 1 to 1048576")
	c.policies.Policy, err = gateway.DefaultPolicy.With(c.Revocation.Policy)
	f.Add("revocation.policy", err)
	c.policies.Passback, err = gateway.DefaultPassback.With(c.Passback)
	f.Add("passback", err)
	c.policies.Ticket, err = gateway.DefaultTicket.With(c.Ticket)
	f.Add("ticket", err)
	f.Add("bundle", c.Bundle.bundles().Check())
	f.Need(c.Bundle.Every >= time.Second, "bundle.every", "must be at least 1s")
	f.Need(c.SecretGroup >= 0, "secret_group", "must be the id of a group, or 0 for none")
	c.Kafka.Security.Trust = c.trust()
	f.Add("kafka.security", errors.Join(c.Kafka.Security.Validate()...))
	f.Need(c.Snapshots.Every >= time.Second, "snapshots.every", "must be at least 1s")
	f.Add("snapshots.dir", c.checkSnapshotDir())
	f.Need(c.DrainDelay >= 0 && c.DrainTimeout > 0, "drain_timeout", "must be above 0, and drain_delay not below 0")
	f.Need(int64(c.CacheMiB)<<20 >= passcache.MinBytes && c.CacheMiB <= 1<<20, "pass_cache_mib", "must be 1 to 1048576")
	f.Add("log_level", process.CheckLevel(c.LogLevel))
	f.Need(len(c.Devices) > 0, "device", "no device is configured: add at least one [[device]]")
	c.devices, err = gateway.NewDevices(c.Devices)
	f.Add("device", err)
	if err := f.Join(); err != nil {
		return err // validatePassages needs valid devices and policies
	}
	c.validatePassages(&f)
	return f.Join()
}

// validatePassages checks what second use, tickets and receipts need together.
func (c *config) validatePassages(f *conf.Faults) {
	var err error
	c.needs, err = c.devices.Needs(c.policies, c.Station)
	f.Add("device", err)
	f.Need(len(c.Station) <= gateway.MaxStation && utf8.ValidString(c.Station), "station", "must be at most 64 bytes of UTF-8")
	f.Need(strings.TrimSpace(c.Station) == c.Station, "station", "must have no space at its ends: bookings name it exactly as the ticketing system does")
	f.Need(c.Identity.ID >= 0 && c.Identity.ID <= 1<<16-1, "identity.id", "must be 1 to 65535, or 0 for none")
	f.Need((c.Identity.ID == 0) == (c.Identity.KeyFile == ""), "identity", "id and key_file must be set together")
	f.Need(c.Identity.ID > 0 || !c.needs.Receipts, "identity", "must be set: a device has receipts = true")
	f.Need(c.Passages.Topic != "", "passages.topic", "must be set")
	f.Need(c.Passages.Partitions >= 1 && c.Passages.Partitions <= passage.MaxPartitions, "passages.partitions", "must be 1 to 64")
	f.Need(c.Bookings.Topic != "", "bookings.topic", "must be set")
	f.Need(c.Bookings.Partitions >= 1 && c.Bookings.Partitions <= 64, "bookings.partitions", "must be 1 to 64")
	f.Need(c.Passages.Entries >= 2 && c.Passages.Entries <= passage.MaxEntries, "passages.entries", "must be 2 to 134217728")
	f.Need(c.Bookings.Entries >= 1 && c.Bookings.Entries <= booking.MaxEntries, "bookings.entries", "must be 1 to %d", booking.MaxEntries)
	f.Need(c.Passages.ClockError >= 0 && c.Passages.ClockError <= time.Minute, "passages.clock_error", "must be 0 to 1m")
	f.Need(c.Passages.OfflineClockError >= 0 && c.Passages.OfflineClockError <= time.Minute, "passages.offline_clock_error", "must be 0 to 1m")
	f.Need(c.Station != "" || c.Bookings.AllStations || !c.needs.Tickets, "station",
		"must be set, or bookings.all_stations: a device has a ticket policy")
	if c.Identity.ID > 0 && c.Identity.KeyFile != "" {
		c.identity, err = readIdentity(c.Identity, c.trust())
		f.Add("identity.key_file", err)
	}
}

// printCheck prints what valid settings do, for -check.
func (c *config) printCheck(out io.Writer) {
	fmt.Fprintf(out, "settings are valid: %d devices, topic %s, %d partitions\n", c.devices.Len(), c.Kafka.Topic, c.Kafka.Partitions)
	if w := c.needs.Window; w > 0 {
		fmt.Fprintf(out, "second use of codes is checked, within %v; room for %d passages\n", w, c.Passages.Entries)
		if c.identity != nil {
			fmt.Fprintf(out, "passages are exchanged as gateway %d: topic %s, %d partitions\n", c.identity.Gateway, c.Passages.Topic, c.Passages.Partitions)
		} else {
			fmt.Fprintln(out, "without identity, passages stay at this gateway: verdicts say local, and unknown for a window after the start")
		}
	}
	if c.needs.Tickets {
		where := "every station"
		if !c.Bookings.AllStations {
			where = c.Station
		}
		fmt.Fprintf(out, "tickets are looked up: bookings of %s from topic %s, %d partitions\n", where, c.Bookings.Topic, c.Bookings.Partitions)
	}
}

// trust returns the group that may read secret files, besides the gateway's own user and root.
func (c *config) trust() ownfile.Trust { return ownfile.Trust{Group: c.SecretGroup} }

func (c *config) snapshots() stream.Snapshots {
	return stream.Snapshots{Dir: c.Snapshots.Dir, Every: c.Snapshots.Every, Trust: c.trust()}
}

// checkSnapshotDir creates and removes a file in the folder: a read-only mount is not
// visible in the folder's mode.
func (c *config) checkSnapshotDir() error {
	if c.Snapshots.Dir == "" {
		return nil
	}
	switch err := c.snapshots().Check(); {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("must be a folder that exists")
	case err != nil:
		return err
	}
	f, err := os.CreateTemp(c.Snapshots.Dir, ".check-*")
	if err != nil {
		return fmt.Errorf("must be a folder that this gateway can write: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
