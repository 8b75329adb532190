/**
 * What modules import as `innkeeper/module`. The daemon resolves this name to the running release, so the base classes
 * and the engine always match. Everything that is exported here keeps its meaning within a major version.
 */
export { AgentError } from '../../kernel/errors.js';
export { GuestProduct } from '../kit/guest-product.js';
export { HostedProduct } from '../kit/hosted-product.js';
export { Module } from '../kit/module.js';
export { Notification } from '../kit/notification.js';
export { guestOf, siteOf } from '../kit/parts.js';
export { Payment } from '../kit/payment.js';
export { Plugin } from '../kit/plugin.js';
export { Product } from '../kit/product.js';
export { numberSetting, textSetting, textsSetting } from '../kit/read-settings.js';
export { RecordProduct } from '../kit/record-product.js';
export { onServer, RemoteProduct } from '../kit/remote-product.js';

export type { ErrorCode, ErrorOptions, Failure, Role } from '../../kernel/errors.js';
export type { Json, JsonObject } from '../../kernel/json.js';
export type { Flow, Step } from '../../model/flow.js';
export type { JobPolicy } from '../../model/job.js';
export type { JobKind } from '../../model/job-kinds.js';
export type { OwnerEmailRule } from '../../model/owner-email.js';
export type { Part } from '../../model/part.js';
export type { Plan } from '../../model/plan.js';
export type { SuspensionReason } from '../../model/service.js';
export type { ModuleAction } from '../kit/action.js';
export type {
  CollectionDeclaration,
  CollectionMigration,
  Collections,
  NewStoredDocument,
  ServiceId,
  StoredData,
  StoredDocument,
  StoredPage,
  StoredQuery,
} from '../kit/collection-types.js';
export type {
  GuestView,
  ModuleCacheFunctions,
  ModuleFunctions,
  ModuleLogger,
  ServiceView,
  SiteView,
  StepContext,
} from '../kit/context.js';
export type {
  ContainerLook,
  ContainerSource,
  LoginLink,
  ResizeRequest,
  ScriptCall,
  ScriptResult,
  SecretRef,
  SiteAnswerView,
  SiteRequestCall,
} from '../kit/host-call-types.js';
export type { HostFunctions } from '../kit/host-calls.js';
export type { Hooks } from '../kit/hosted/hooks.js';
export type { JwtCheck, JwtResult, JwtSigning } from '../kit/jwt-types.js';
export type { MailMessage, MailResult, MailServer } from '../kit/mail-types.js';
export type {
  AlertCall,
  CacheOptions,
  CryptoPart,
  HttpRequest,
  HttpResponse,
  PasswordOptions,
  ServicePage,
  ServiceQuery,
  ServiceSummary,
  Text,
} from '../kit/module-call-types.js';
export type { JobFlow, ModuleInfo } from '../kit/module.js';
export type { InstanceContext, Message, Sent } from '../kit/notification.js';
export type { Checkout, PaymentState, PaymentView } from '../kit/payment.js';
export type { CheckResult, PlanLimits, TemplateRecipe } from '../kit/product.js';
export type { Reading } from '../kit/reading.js';
export type {
  Actor,
  Handler,
  HandlerName,
  InstanceView,
  ModuleRequest,
  Reply,
  RequestContext,
} from '../kit/request.js';
export type { AdminRoute, ModulePermission, SidebarEntry, StaticRoute, Webhooks } from '../kit/routes.js';
export type { Schema } from '../kit/schema.js';
export type { InspectContext, RemoteContext, ServerContext } from '../kit/server-contexts.js';
export type { Inspection, ServerRef, ServerUse, ServerView } from '../kit/server-types.js';
export type { TaskContext, TaskDeclaration, TaskFunction } from '../kit/task-context.js';
export type { AddedTask, TaskOptions, TaskPolicy } from '../kit/task-types.js';
export type { WaitOptions, WaitUntil } from '../kit/wait-until.js';
export type { EventContext, EventDeclaration, EventHandler, ScheduleDeclaration } from '../kit/work-types.js';
export type { TextValues, Translate } from '../kit/translate.js';
