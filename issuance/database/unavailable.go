package database

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnavailable says that the database server cannot be reached, ends, or takes no
// work now: the same call may succeed in a moment. Whether a commit whose answer was
// lost was carried out is not known.
var ErrUnavailable = errors.New("database: not available")

// fault names what went wrong: ErrNotFound, ErrUnavailable around the cause, or the
// error itself.
func fault(err error) error {
	err = missing(err)
	if unavailable(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// unavailable reports errors of the connection, and those with which a server says
// that it cannot work now. SQLite has no server: its errors are faults.
func unavailable(err error) bool {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return notNow(server.Code)
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err != nil && pgconn.SafeToRetry(err)
}

// notNow reports the codes (PostgreSQL, appendix A) that an outage, a restart or a
// fail-over brings with it.
func notNow(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // the server ends, has crashed, starts
		"25006": // a standby, or a primary that became one: it takes no writes
		return true
	}
	// Connection errors, too little of a resource such as connections or disk, and
	// errors of the system below.
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58")
}
