import { Modal, type ModalProps } from '@mantine/core';
import { useIsMutating } from '@tanstack/react-query';

interface Props extends Omit<ModalProps, 'closeOnClickOutside' | 'closeOnEscape' | 'closeButtonProps'> {
  /** Name under which what is written in it is kept, see `useWrite`. */
  readonly writes: string;
}

/** A dialog that shows something once: while it is being made the dialog cannot be closed, for it would be lost. */
export function StayingDialog({ writes, onClose, ...props }: Props) {
  const isWriting = useIsMutating({ mutationKey: [writes] }) > 0;
  return (
    <Modal
      {...props}
      onClose={onClose}
      closeOnClickOutside={false}
      closeOnEscape={!isWriting}
      closeButtonProps={{ 'aria-label': 'Close', disabled: isWriting }}
    />
  );
}
