package main

import (
	"fmt"
	"strconv"

	ocpp16 "github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/security"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

// The commands that it is not sent here are left to the nil interface.
type station16 struct {
	core.ChargePointHandler
	ocpp16.ChargePoint
	told          *told
	transactionID int
}

func newStation16(id string, client ws.WsClient, told *told) station {
	station := &station16{ChargePoint: ocpp16.NewChargePoint(id, nil, client), told: told}
	station.SetCoreHandler(station)
	station.SetSecurityHandler(station)
	return station
}

func (s *station16) start(url string) error { return s.Start(url) }
func (s *station16) stop()                  { s.Stop() }

func (s *station16) boot() error {
	boot, err := s.BootNotification("Foreign", "ocpp-go")
	if err == nil && boot.Status != core.RegistrationStatusAccepted {
		return fmt.Errorf("boot %v", boot.Status)
	}
	return err
}

func (s *station16) sign(csr string) error {
	answer, err := s.SignCertificate(csr)
	if err == nil && answer.Status != types.GenericStatusAccepted {
		return fmt.Errorf("certificate request %v", answer.Status)
	}
	return err
}

func (s *station16) charge(idTag string) (string, int, error) {
	register := meterStartWh
	if _, err := s.StatusNotification(1, core.NoError, core.ChargePointStatusPreparing); err != nil {
		return "", 0, err
	}
	if _, err := s.Heartbeat(); err != nil {
		return "", 0, err
	}
	authorized, err := s.Authorize(idTag)
	if err != nil || authorized.IdTagInfo.Status != types.AuthorizationStatusAccepted {
		return "", 0, fmt.Errorf("authorize %v %w", authorized, err)
	}
	started, err := s.StartTransaction(1, idTag, register, types.Now())
	if err != nil || started.IdTagInfo.Status != types.AuthorizationStatusAccepted {
		return "", 0, fmt.Errorf("start %v %w", started, err)
	}
	s.transactionID = started.TransactionId
	for range 5 {
		register += 250
		value := types.MeterValue{Timestamp: types.Now(), SampledValue: []types.SampledValue{{Value: strconv.Itoa(register)}}}
		_, err := s.MeterValues(1, []types.MeterValue{value}, func(request *core.MeterValuesRequest) { request.TransactionId = &s.transactionID })
		if err != nil {
			return "", 0, err
		}
	}
	if err := s.told.untilStopped(); err != nil {
		return "", 0, err
	}
	register += 13
	_, err = s.StopTransaction(register, types.Now(), s.transactionID, func(request *core.StopTransactionRequest) {
		request.Reason = core.ReasonRemote
		request.IdTag = idTag
	})
	if err != nil {
		return "", 0, err
	}
	_, err = s.StatusNotification(1, core.NoError, core.ChargePointStatusAvailable)
	return strconv.Itoa(s.transactionID), register - meterStartWh, err
}

func (s *station16) OnCertificateSigned(request *security.CertificateSignedRequest) (*security.CertificateSignedResponse, error) {
	s.told.chain <- request.CertificateChain
	return security.NewCertificateSignedResponse(security.CertificateSignedStatusAccepted), nil
}

func (s *station16) OnRemoteStopTransaction(request *core.RemoteStopTransactionRequest) (*core.RemoteStopTransactionConfirmation, error) {
	if request.TransactionId != s.transactionID {
		return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusRejected), nil
	}
	s.told.stopped <- struct{}{}
	return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusAccepted), nil
}

func (s *station16) OnChangeConfiguration(request *core.ChangeConfigurationRequest) (*core.ChangeConfigurationConfirmation, error) {
	s.told.hear(request.Key + "=" + request.Value)
	return core.NewChangeConfigurationConfirmation(core.ConfigurationStatusAccepted), nil
}

func (s *station16) OnGetConfiguration(request *core.GetConfigurationRequest) (*core.GetConfigurationConfirmation, error) {
	answer := core.NewGetConfigurationConfirmation(nil)
	answer.UnknownKey = request.Key
	return answer, nil
}
