package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

type config struct {
	Listen           string           `toml:"listen" doc:"public address for the app and staff tools, host:port; terminate TLS in front of it"`
	Admin            string           `toml:"admin" doc:"address for metrics, profiles and health, host:port; it requires no credential: keep it private"`
	Pages            bool             `toml:"pages" doc:"serve the passenger's page at / and the clerk's at /desk/, from this program's memory"`
	LogLevel         string           `toml:"log_level" doc:"debug, info, warn or error"`
	DrainDelay       time.Duration    `toml:"drain_delay" doc:"time after SIGTERM during which requests are served and /readyz answers 503; 0: none"`
	DrainTimeout     time.Duration    `toml:"drain_timeout" doc:"time after drain_delay to finish requests in progress"`
	Database         string           `toml:"database" secret:"value" doc:"path of an SQLite file, or postgres://…; keep the password in a passfile"`
	Keys             string           `toml:"keys" doc:"key directory made by -init"`
	PassphraseFile   string           `toml:"keys_passphrase_file" secret:"file" doc:"file with the passphrase of an encrypted key directory, one line; empty: the directory is not encrypted"`
	SecretGroup      int              `toml:"secret_group" doc:"number of a group whose members may read secret files (mode 0440) and write the folders above them, such as a pod's fsGroup; 0: none"`
	MemoryMiB        int              `toml:"memory_mib" doc:"memory limit of the issuer, MiB; 0: the smaller of GOMEMLIMIT and the limit of the control group; half of it is for password hashing"`
	PasswordHashings int              `toml:"password_hashings" doc:"concurrent password hashings, 64 MiB each; 0: as many as fit in half of the memory, at most one per processor"`
	KeyLead          time.Duration    `toml:"key_lead" doc:"time between a new key's publication and its first signature, at most 24h; 0 for tests only"`
	TrustedProxies   []string         `toml:"trusted_proxies" doc:"addresses or networks of proxies whose X-Forwarded-For is trusted; none: the connecting address is the client"`
	AddressRate      addressRate      `toml:"address_rate" doc:"rate of expensive requests from one network: applications, face checks, registrations, passwords"`
	Throttle         throttleSettings `toml:"throttle" doc:"limits against floods and guessing"`
	PrivacyPolicy    string           `toml:"privacy_policy" doc:"current version of the privacy policy; new accounts and applicants without a login agree to it"`
	FaceCheck        faceCheck        `toml:"face_check" doc:"the face check"`
	Residents        residentRegistry `toml:"residents" doc:"the resident registry"`
	PhoneCode        phoneCode        `toml:"phone_code" doc:"verification codes sent to phones"`
	Contact          httpapi.Contact  `toml:"contact" doc:"how to reach customer service; shown at GET /v1/contact and with failed identities"`
	Limits           rules.Limits     `toml:"limits" doc:"numbers of the registry's rules; a change applies to later decisions"`
	Kafka            kafkaSettings    `toml:"kafka" doc:"the control stream"`
	Bookings         bookingSettings  `toml:"bookings" doc:"the stream of bookings, for gates that check tickets"`
	Passages         passageSettings  `toml:"passages" doc:"the topic of passages, through which gateways learn that a code was used elsewhere"`
	Staff            []member         `toml:"staff" doc:"staff credentials"`
	Announce         []announcement   `toml:"announce" doc:"further public keys that gateways accept; their private keys can make passes: for load tests only"`

	announce []keyring.Public
	roster   []staff.Credential
	proxies  throttle.Proxies
	hashing  account.Hashing
}

// addressRate is the setting of a [throttle.Rate].
type addressRate struct {
	Burst int           `toml:"burst" doc:"requests in one burst; 0: no limit"`
	Every time.Duration `toml:"every" doc:"time after which one more request is allowed"`
}

func (r addressRate) rate() throttle.Rate { return rate(r.Burst, r.Every) }

// defaultRate is a burst of 2,000 requests of one network, then 50 a second. Our choice:
// a station hall behind one address stays below it, with a thousand people who apply
// within a minute and send three such requests each. A program that tries numbers exceeds
// it.
var defaultRate = addressRate{2000, 20 * time.Millisecond}

type kafkaSettings struct {
	Brokers     []string      `toml:"brokers" doc:"bootstrap brokers, host:port each"`
	Topic       string        `toml:"topic" doc:"control topic; created if it does not exist"`
	Partitions  int           `toml:"partitions" doc:"number of partitions; a database keeps the number it began with"`
	Replication int           `toml:"replication" doc:"replicas of each partition when the topic is created; 3 in production"`
	Retention   time.Duration `toml:"retention" doc:"retention of the topic when it is created; above 72h"`
	Heartbeat   time.Duration `toml:"heartbeat" doc:"pause after which a silent partition gets a heartbeat"`

	Security kafka.Security `toml:"security" doc:"TLS and login at the brokers"`
}

type announcement struct {
	ID     int    `toml:"id" doc:"key id, 32768 to 65535"`
	Public string `toml:"public" doc:"Ed25519 public key, 64 hex digits"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:8081", Admin: "127.0.0.1:9081", Pages: true, LogLevel: "info", DrainDelay: 5 * time.Second, DrainTimeout: 10 * time.Second,
		KeyLead: keyring.DefaultLead, AddressRate: defaultRate, Throttle: defaultThrottle(), PrivacyPolicy: issuance.DefaultPolicy,
		FaceCheck: faceCheck{Timeout: facecheck.DefaultTimeout},
		Residents: residentRegistry{Timeout: provider.DefaultTimeout},
		PhoneCode: defaultPhoneCode(),
		Contact:   httpapi.DefaultContact,
		Limits:    rules.DefaultLimits(),
		Kafka: kafkaSettings{Topic: "railgate.control", Partitions: 3, Replication: 3,
			Retention: publish.DefaultRetention, Heartbeat: publish.DefaultHeartbeat},
		Bookings: defaultBookings, Passages: defaultPassages,
	}
}

// policyName is the form of a privacy policy version.
var policyName = regexp.MustCompile(`^[!-~]{1,64}$`)

// minRetention is the longest time for which a gateway needs a record of the stream.
const minRetention = revocation.MaxSnapshotAge

// trust names the group that may read secret files besides the issuer's user and root.
func (c *config) trust() ownfile.Trust { return ownfile.Trust{Group: c.SecretGroup} }

// Validate checks the settings beyond their types, and stores the parsed values in c.
func (c *config) Validate() error {
	var f conf.Faults
	var err error
	if c.Database == "" {
		f.Add("database", errors.New("must be set"))
	} else if err := database.Check(c.Database); err != nil {
		f.Add("database", errors.New(strings.TrimPrefix(err.Error(), "database: ")))
	}
	f.Need(c.Keys != "", "keys", "must name the directory made by -init")
	f.Need(c.KeyLead >= 0 && c.KeyLead <= keyring.MaxLead, "key_lead", "must be 0 to %v", keyring.MaxLead)
	c.proxies, err = throttle.ParseProxies(c.TrustedProxies)
	f.Add("trusted_proxies", err)
	f.Add("address_rate", checkRate(c.AddressRate.rate()))
	c.Throttle.validate(&f)
	f.Need(policyName.MatchString(c.PrivacyPolicy), "privacy_policy", "must be a version of 1 to 64 visible ASCII characters, such as 2026-11")
	f.Need(c.SecretGroup >= 0, "secret_group", "must be the number of a group, or 0 for none")
	c.hashing = c.fitMemory(process.ReadMemoryLimits(), &f)
	c.FaceCheck.validate(c.trust(), &f)
	c.Residents.validate(c.trust(), &f)
	c.PhoneCode.validate(c.trust(), &f)
	f.Add("contact", c.Contact.Check())
	f.Add("limits", c.Limits.Validate())
	f.Add("", conf.CheckListeners(c.Listen, c.Admin))
	c.Kafka.validate(c.trust(), &f)
	c.Bookings.validate(c.Kafka.Topic, &f)
	c.Passages.validate(c, &f)
	f.Need(c.DrainDelay >= 0, "drain_delay", "must not be negative")
	f.Need(c.DrainTimeout > 0, "drain_timeout", "must be above 0")
	f.Add("log_level", process.CheckLevel(c.LogLevel))
	c.announce, err = parseAnnouncements(c.Announce)
	f.Add("", err)
	f.Add("staff", c.readRoster())
	return f.Join()
}

func (k *kafkaSettings) validate(trust ownfile.Trust, f *conf.Faults) {
	f.Add("", conf.CheckBrokers("kafka.brokers", k.Brokers))
	f.Need(k.Topic != "", "kafka.topic", "must be set")
	f.Need(k.Partitions >= 1 && k.Partitions <= 64, "kafka.partitions", "must be 1 to 64")
	f.Need(k.Replication >= 1 && k.Replication <= 16, "kafka.replication", "must be 1 to 16")
	f.Need(k.Retention > minRetention, "kafka.retention", "must be above %v: otherwise a gateway that starts late misses revocations", minRetention)
	f.Need(k.Heartbeat >= 50*time.Millisecond && k.Heartbeat <= 3*time.Second, "kafka.heartbeat", "must be 50ms to 3s: gateways treat data as stale after 5s")
	k.Security.Trust = trust
	f.Add("kafka.security", errors.Join(k.Security.Validate()...))
}

func parseAnnouncements(all []announcement) (keys []keyring.Public, err error) {
	var f conf.Faults
	for i, a := range all {
		path := fmt.Sprintf("announce[%d]", i)
		key, err := hex.DecodeString(a.Public)
		if err != nil || len(key) != tokens.PublicKeySize || a.ID < 32768 || a.ID > 65535 {
			f.Add(path, errors.New("needs an id of 32768 to 65535 and a public key of 64 hex digits"))
			continue
		}
		public := [tokens.PublicKeySize]byte(key)
		err = tokens.CheckPublicKey(public)
		f.Need(err == nil, path+".public", "gateways refuse it: %w", err)
		keys = append(keys, keyring.Public{ID: tokens.KeyID(a.ID), Key: public})
	}
	return keys, f.Join()
}

type member struct {
	Name     string   `toml:"name" doc:"name in the audit log"`
	SHA256   string   `toml:"sha256" doc:"SHA-256 of the credential, 64 hex digits; -new-staff prints it"`
	Roles    []string `toml:"roles" doc:"roles of the credential: window, agency, police, operator, ticketing, authority or machine"`
	Purposes []string `toml:"purposes" doc:"purposes for which it may identify passengers: sale, refund, change, verify; empty: all purposes of its roles"`
	NotAfter string   `toml:"not_after" doc:"RFC 3339 time from which the credential is invalid; empty: it does not expire"`
}

// readRoster parses the staff credentials, and checks them as [staff.NewList] does.
func (c *config) readRoster() error {
	var faults []error
	for i, s := range c.Staff {
		member := staff.Credential{Name: s.Name, SHA256: s.SHA256}
		for _, text := range s.Roles {
			role, err := staff.ParseRole(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: %w", i+1, err))
			}
			member.Roles = append(member.Roles, role)
		}
		for _, text := range s.Purposes {
			member.Purposes = append(member.Purposes, staff.Purpose(text)) // NewList checks it
		}
		if s.NotAfter != "" {
			at, err := time.Parse(time.RFC3339, s.NotAfter)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: not_after must be a time such as 2027-02-10T00:00:00+08:00", i+1))
			}
			member.NotAfter = at
		}
		c.roster = append(c.roster, member)
	}
	if len(faults) == 0 {
		if _, err := staff.NewList(staff.Config{Credentials: c.roster}); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
