// A station of the Go module ocpp-go with a certificate of its own: it asks for one on security profile 2, comes back with it on profile 3,
// charges 1.25 kWh and more until it is stopped from remote, and tells what it delivered and what it was told.
//
// usage: foreign 1.6|2.0.1 TLS_URL MTLS_URL STATION_ID PASSWORD ID_TOKEN ORGANIZATION ROOT.pem
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/lorenzodonini/ocpp-go/ws"
)

const meterStartWh = 4_000

// One connection of a station; a new one for each.
type station interface {
	start(url string) error
	stop()
	boot() error
	sign(csr string) error
	charge(idToken string) (transactionID string, energyWh int, err error)
}

// What the CSMS asks of a station, of either version.
type told struct {
	mutex   sync.Mutex
	Heard   []string
	chain   chan string
	stopped chan struct{}
}

func (t *told) hear(text string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.Heard = append(t.Heard, text)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	version, tlsURL, mtlsURL, id, password, idToken, organization, rootPath := args[0], args[1], args[2], args[3], args[4], args[5], args[6], args[7]
	root, err := os.ReadFile(rootPath)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	told := &told{chain: make(chan string, 1), stopped: make(chan struct{}, 1)}
	open := func(client ws.WsClient) station {
		if version == "1.6" {
			return newStation16(id, client, told)
		}
		return newStation201(id, client, told)
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	withPassword := ws.NewTLSClient(&tls.Config{RootCAs: roots})
	withPassword.SetBasicAuth(id, password)
	certificate, err := enrol(open(withPassword), tlsURL, id, organization, key, told)
	if err != nil {
		return fmt.Errorf("profile 2: %w", err)
	}

	secured := open(ws.NewTLSClient(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}))
	if err := secured.start(mtlsURL); err != nil {
		return fmt.Errorf("profile 3: %w", err)
	}
	defer secured.stop()
	if err := secured.boot(); err != nil {
		return err
	}
	transactionID, energyWh, err := secured.charge(idToken)
	if err != nil {
		return err
	}
	told.mutex.Lock()
	defer told.mutex.Unlock()
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"transactionId": transactionID, "energyWh": energyWh, "heard": told.Heard})
}

func enrol(station station, url, id, organization string, key *ecdsa.PrivateKey, told *told) (tls.Certificate, error) {
	var none tls.Certificate
	if err := station.start(url); err != nil {
		return none, err
	}
	defer station.stop()
	if err := station.boot(); err != nil {
		return none, err
	}
	subject := pkix.Name{CommonName: id, Organization: []string{organization}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return none, err
	}
	if err := station.sign(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))); err != nil {
		return none, err
	}
	select {
	case chain := <-told.chain:
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return none, err
		}
		return tls.X509KeyPair([]byte(chain), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	case <-time.After(45 * time.Second):
		return none, fmt.Errorf("no certificate came")
	}
}

// Waits for the remote stop.
func (t *told) untilStopped() error {
	select {
	case <-t.stopped:
		return nil
	case <-time.After(45 * time.Second):
		return fmt.Errorf("nobody stopped it")
	}
}
