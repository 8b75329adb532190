/** A Payment module collects payments through a kind of gateway. */
import { Module } from './module.js';
import type { InstanceContext } from './notification.js';
import type { Schema } from './schema.js';

export interface PaymentView {
  readonly id: string;
  readonly invoice: {
    readonly reference: string;
    readonly number: string;
    readonly description: string;
  };
  /** In the minor unit of the currency, such as cents. */
  readonly amount: number;
  /** ISO 4217 */
  readonly currency: string;
  readonly customer: { readonly email: string; readonly name?: string };
  /** Pages of the agent to which the gateway sends the customer. */
  readonly returnUrl: string;
  readonly cancelUrl: string;
}

/** `html`: the page on which the customer pays. `redirect`: the URL of such a page. */
export type Checkout = { readonly html: string } | { readonly redirect: string };

/** What the gateway says about a payment. */
export interface PaymentState {
  readonly state: 'pending' | 'paid' | 'failed' | 'cancelled' | 'refunded' | 'partly_refunded' | 'disputed';
  /** How the gateway names the transaction. */
  readonly transactionId?: string;
  readonly amount?: number;
  readonly currency?: string;
}

export abstract class Payment extends Module {
  /** JSON Schema of the data of a gateway, such as its keys. Fields with `secret: true` are stored encrypted. */
  abstract readonly instance: Schema;

  /** Begins a payment through the gateway `context.instance`. */
  abstract checkout(context: InstanceContext, payment: PaymentView): Checkout | Promise<Checkout>;

  /** Asks the gateway about a payment, for reconciliation. */
  check?(context: InstanceContext, payment: PaymentView): PaymentState | Promise<PaymentState>;

  onSuccess?(context: InstanceContext, payment: PaymentView): void | Promise<void>;
  onFailure?(context: InstanceContext, payment: PaymentView): void | Promise<void>;

  /** Repays `amount` of a transaction. */
  refund?(context: InstanceContext, transactionId: string, amount: number): void | Promise<void>;

  /** Cancels a payment that was not made yet. */
  cancel?(context: InstanceContext, payment: PaymentView): void | Promise<void>;
}
