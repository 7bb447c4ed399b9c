package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A payload is the part of a record that depends on its kind, big-endian:
// day (2) and index (4) for a serial; key id (2) and public key (32); key id
// (2) and cut-off (4); key id (2) and serial (6); subject (8) and cut-off (4);
// serial (6) and start (4) of a session. It
// lives in this database only; the stream has its own form.

var errPayload = errors.New("record is not readable")

const (
	serialSize  = 6
	keySize     = 2 + tokens.PublicKeySize
	retireSize  = 6
	rescueSize  = 2 + serialSize
	subjectSize = len(tokens.Subject{}) + 4
	sessionSize = serialSize + 4
)

func encodePayload(r *revocation.Record) ([]byte, error) {
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke:
		return appendSerial(nil, r.Serial), nil
	case revocation.KindAnnounceKey:
		return append(binary.BigEndian.AppendUint16(nil, uint16(r.Key)), r.Public[:]...), nil
	case revocation.KindRetireKey:
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(r.Key)), uint32(r.CutOff)), nil
	case revocation.KindRescue:
		return appendSerial(binary.BigEndian.AppendUint16(nil, uint16(r.Key)), r.Serial), nil
	case revocation.KindRevokeSubject:
		return binary.BigEndian.AppendUint32(append([]byte(nil), r.Subject[:]...), uint32(r.CutOff)), nil
	case revocation.KindRevokeSession:
		return binary.BigEndian.AppendUint32(appendSerial(nil, r.Serial), uint32(r.Start)), nil
	}
	return nil, fmt.Errorf("outbox: kind %d cannot be kept", r.Kind)
}

func decodePayload(kind revocation.Kind, p []byte) (r revocation.Record, err error) {
	r.Kind = kind
	switch {
	case (kind == revocation.KindRevoke || kind == revocation.KindUnrevoke) && len(p) == serialSize:
		r.Serial = serialAt(p)
	case kind == revocation.KindAnnounceKey && len(p) == keySize:
		r.Key, r.Public = tokens.KeyID(binary.BigEndian.Uint16(p)), [tokens.PublicKeySize]byte(p[2:])
	case kind == revocation.KindRetireKey && len(p) == retireSize:
		r.Key, r.CutOff = tokens.KeyID(binary.BigEndian.Uint16(p)), int64(binary.BigEndian.Uint32(p[2:]))
	case kind == revocation.KindRescue && len(p) == rescueSize:
		r.Key, r.Serial = tokens.KeyID(binary.BigEndian.Uint16(p)), serialAt(p[2:])
	case kind == revocation.KindRevokeSubject && len(p) == subjectSize:
		r.CutOff = int64(binary.BigEndian.Uint32(p[copy(r.Subject[:], p):]))
	case kind == revocation.KindRevokeSession && len(p) == sessionSize:
		r.Serial, r.Start = serialAt(p), int64(binary.BigEndian.Uint32(p[serialSize:]))
	default:
		return r, errPayload
	}
	return r, nil
}

func appendSerial(dst []byte, s tokens.Serial) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, s.Day), s.Index)
}

func serialAt(p []byte) tokens.Serial {
	return tokens.Serial{Day: binary.BigEndian.Uint16(p), Index: binary.BigEndian.Uint32(p[2:])}
}
