package database

import (
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Check reports what is wrong with an address of Open, without opening anything. No
// error repeats the address, which may hold a password.
//
// A connection to PostgreSQL must verify the server (sslmode=verify-full), unless every
// host is this machine, or the address spells out another mode: disable, require or
// verify-ca. The modes prefer and allow are refused, since they fall back to clear text.
func Check(address string) error {
	switch {
	case address == "":
		return errors.New("database: none given")
	case strings.TrimSpace(address) != address:
		return errors.New("database: the address begins or ends with a space")
	case isPostgres(address):
		_, err := postgresConfig(address)
		return err
	case strings.Contains(address, "://"):
		return errors.New("database: the scheme is not known: write postgres://…, or the path of an SQLite file")
	case isKeywords(address):
		return errors.New("database: a list of key=value is not taken: write postgres://user@host/database?…, or the path of an SQLite file")
	}
	return nil
}

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// isKeywords tells PostgreSQL's other form of an address from a path.
func isKeywords(address string) bool {
	return slices.ContainsFunc(strings.Fields(address), func(word string) bool {
		key, _, given := strings.Cut(word, "=")
		return given && slices.Contains([]string{"host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "passfile", "service"}, key)
	})
}

// spelledOut are the modes, besides verify-full, that an operator may choose.
var spelledOut = []string{"disable", "require", "verify-ca"}

// postgresConfig parses an address. The driver's errors are not repeated.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	if strings.ContainsAny(address, " \t\r\n") {
		return nil, errors.New("database: the PostgreSQL address holds a space: write %20")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("database: the PostgreSQL address cannot be parsed: check port, sslmode and the files it names")
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("database: the PostgreSQL address cannot be parsed")
	}
	if mode := u.Query()["sslmode"]; len(mode) == 1 && slices.Contains(spelledOut, mode[0]) {
		return config, nil
	}
	if !onThisMachine(config) && !verified(config) {
		return nil, errors.New("database: the connection to PostgreSQL would not be verified: write sslmode=verify-full (with sslrootcert=FILE), or, on a network that is trusted, spell out sslmode=disable")
	}
	return config, nil
}

// verified reports whether every attempt at a connection checks the server's certificate
// and name.
func verified(c *pgx.ConnConfig) bool {
	if c.TLSConfig == nil || c.TLSConfig.InsecureSkipVerify {
		return false
	}
	return !slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify })
}

// onThisMachine reports whether every host is a socket or a loopback address.
func onThisMachine(c *pgx.ConnConfig) bool {
	return isLocal(c.Host) && !slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return !isLocal(f.Host) })
}

func isLocal(host string) bool {
	if host == "localhost" || filepath.IsAbs(host) || strings.HasPrefix(host, "@") { // @: an abstract socket
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
