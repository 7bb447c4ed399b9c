package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens/fixedkey"
)

type config struct {
	Listen       string                `toml:"listen" doc:"public address for gates and handhelds, host:port"`
	Admin        string                `toml:"admin" doc:"metrics, profiles and health, host:port; it asks for no credential: keep it private"`
	LogLevel     string                `toml:"log_level" doc:"debug, info, warn or error"`
	DrainDelay   time.Duration         `toml:"drain_delay" doc:"how long to serve on after SIGTERM while /readyz already says no; 0: not at all"`
	DrainTimeout time.Duration         `toml:"drain_timeout" doc:"how long to wait after that for requests at hand"`
	CacheMiB     int                   `toml:"pass_cache_mib" doc:"memory for verified passes, MiB; about 5,900 passes each"`
	SecretGroup  int                   `toml:"secret_group" doc:"number of a group whose members may read secret files (mode 0440) and write the folders above them, such as a pod's fsGroup; 0: none"`
	Kafka        kafkaSettings         `toml:"kafka" doc:"the control stream"`
	Snapshots    snapshots             `toml:"snapshots" doc:"the replica on disk, so that a restart reads only what came since"`
	Revocation   limits                `toml:"revocation" doc:"how old revocation data may be"`
	Devices      []gateway.DeviceEntry `toml:"device" doc:"who may ask"`

	authority *revocation.Authority
	devices   *gateway.Devices
	policy    gateway.Policy
}

type kafkaSettings struct {
	Brokers    []string `toml:"brokers" doc:"first brokers to ask, host:port each"`
	Topic      string   `toml:"topic" doc:"the control topic"`
	Partitions int      `toml:"partitions" doc:"how many partitions it has; a topic of another width is not read"`
	Authority  string   `toml:"authority" doc:"public key that signs the stream, 64 hex digits; railgate-issuer -init prints it"`

	Security kafka.Security `toml:"security" doc:"how to enter Kafka"`
}

type snapshots struct {
	Dir   string        `toml:"dir" doc:"folder that no other user may write, for this gateway alone; empty: none, a restart reads the log from its start"`
	Every time.Duration `toml:"every" doc:"time between two snapshots"`
}

type limits struct {
	StaleAfter   time.Duration `toml:"stale_after" doc:"age from which verdicts say that the data is stale"`
	ExpiredAfter time.Duration `toml:"expired_after" doc:"age from which the data is expired"`
	MemoryMiB    int           `toml:"memory_mib" doc:"memory of the sets from which /readyz and the metrics give alarm; nothing is ever dropped, MiB"`

	Policy gateway.PolicyEntry `toml:"policy" doc:"what a gate does in each state of the data: serve, flag (serve, and say so in the verdict) or deny"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9080", LogLevel: "info",
		DrainDelay: 5 * time.Second, DrainTimeout: 10 * time.Second, CacheMiB: 64,
		Kafka:     kafkaSettings{Topic: "railgate.control", Partitions: 3},
		Snapshots: snapshots{Every: 30 * time.Second},
		Revocation: limits{
			StaleAfter:   revocation.DefaultLimits.StaleAfter,
			ExpiredAfter: revocation.DefaultLimits.ExpiredAfter,
			MemoryMiB:    revocation.DefaultLimits.Memory >> 20,
			Policy:       gateway.DefaultPolicy.Entry(),
		},
	}
}

// Validate checks what types cannot say, and keeps what it parsed.
func (c *config) Validate() error {
	var faults []error
	fault := func(path, format string, args ...any) {
		faults = append(faults, conf.Field(path, fmt.Errorf(format, args...)))
	}
	faults = append(faults, conf.CheckListeners(c.Listen, c.Admin))
	faults = append(faults, conf.CheckBrokers("kafka.brokers", c.Kafka.Brokers))
	if c.Kafka.Topic == "" {
		fault("kafka.topic", "must be set")
	}
	if c.Kafka.Partitions < 1 || c.Kafka.Partitions > 64 {
		fault("kafka.partitions", "must be 1 to 64")
	}
	err := fixedkey.CheckForm()
	if err != nil {
		faults = append(faults, err)
	}
	if c.authority, err = revocation.ParseAuthority(c.Kafka.Authority); err != nil {
		fault("kafka.authority", "%w", err)
	}
	if c.Revocation.StaleAfter <= 0 || c.Revocation.ExpiredAfter <= c.Revocation.StaleAfter {
		fault("revocation.expired_after", "must be longer than stale_after, and both above 0")
	}
	if c.Revocation.MemoryMiB < 1 || c.Revocation.MemoryMiB > 1<<20 {
		fault("revocation.memory_mib", "must be 1 to 1048576")
	}
	if c.policy, err = gateway.DefaultPolicy.With(c.Revocation.Policy); err != nil {
		fault("revocation.policy", "%w", err)
	}
	if c.SecretGroup < 0 {
		fault("secret_group", "must be the number of a group, or 0 for none")
	}
	c.Kafka.Security.Trust = c.trust()
	for _, err := range c.Kafka.Security.Validate() {
		var f *kafka.Fault
		if errors.As(err, &f) {
			fault("kafka.security."+f.Field, "%w", f.Err)
		}
	}
	if c.Snapshots.Every < time.Second {
		fault("snapshots.every", "must be at least 1s")
	}
	if c.Snapshots.Dir != "" {
		if err := c.snapshots().Check(); errors.Is(err, fs.ErrNotExist) {
			fault("snapshots.dir", "must be a folder that exists")
		} else if err != nil {
			fault("snapshots.dir", "%w", err)
		} else if err := writable(c.Snapshots.Dir); err != nil {
			fault("snapshots.dir", "%w", err)
		}
	}
	if c.DrainDelay < 0 || c.DrainTimeout <= 0 {
		fault("drain_timeout", "must be above 0, and drain_delay not below 0")
	}
	if int64(c.CacheMiB)<<20 < passcache.MinBytes || c.CacheMiB > 1<<20 {
		fault("pass_cache_mib", "must be 1 to 1048576")
	}
	if _, err := level(c.LogLevel); err != nil {
		fault("log_level", "must be debug, info, warn or error")
	}
	if len(c.Devices) == 0 {
		fault("device", "no device may ask: add at least one [[device]]")
	}
	if c.devices, err = gateway.NewDevices(c.Devices); err != nil {
		fault("device", "%w", err)
	}
	return errors.Join(faults...)
}

// trust says who may read secret files besides the gateway's own user and root.
func (c *config) trust() ownfile.Trust { return ownfile.Trust{Group: c.SecretGroup} }

func (c *config) snapshots() stream.Snapshots {
	return stream.Snapshots{Dir: c.Snapshots.Dir, Every: c.Snapshots.Every, Trust: c.trust()}
}

// writable makes a file in a folder and removes it again: a mount that is read-only shows
// in no mode.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return fmt.Errorf("must be a folder that this gateway can write: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
