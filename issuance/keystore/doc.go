// Package keystore is the directory of an issuer's secrets: the authority key
// that signs the control stream, the issuer key that signs passes, the master
// of the vault. Each is one small text file whose first line says what it is.
//
// It promises: Init never overwrites a key; Open refuses a file that others
// could have read or a directory in which others could have swapped it; no
// secret is ever part of an error or of anything printed.
//
// Known limits. The files are not encrypted: whoever reads the disk or a backup
// of it has the keys; keep the directory off backups that leave the machine.
// There is one issuer key at a time; rotation and hardware modules are later
// work, for which issuance takes the keys as interfaces.
package keystore
