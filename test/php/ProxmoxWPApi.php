<?php

use Illuminate\Support\Facades\Http;

/** What a Paymenter panel's ProxmoxWP extension sends: same paths, fields, time limit and error handling, on the real Laravel HTTP client. */
class ProxmoxWPApi
{
    private string $base;
    private string $key;
    private bool $tellsBody;

    /** With $tellsBody its exceptions end in the answer's body, as other clients of this kind do. */
    public function __construct(string $base, string $key, bool $tellsBody = false)
    {
        $this->base = rtrim($base, '/');
        $this->key = $key;
        $this->tellsBody = $tellsBody;
    }

    public function createSite(string $serviceId, string $email, string $plan, string $publicIp): array
    {
        return $this->request('/create-site', 'POST', [
            'service_id' => $serviceId,
            'email' => $email,
            'plan' => $plan,
            'public_ip' => $publicIp,
        ]);
    }

    public function deleteSite(string $serviceId): array
    {
        return $this->request('/delete-site', 'POST', ['service_id' => $serviceId]);
    }

    public function suspend(string $serviceId): array
    {
        return $this->request('/suspend', 'POST', ['service_id' => $serviceId]);
    }

    public function unsuspend(string $serviceId): array
    {
        return $this->request('/unsuspend', 'POST', ['service_id' => $serviceId]);
    }

    public function upgradePlan(string $serviceId, string $plan): array
    {
        return $this->request('/wp/upgrade/', 'POST', ['service_id' => $serviceId, 'plan' => $plan]);
    }

    public function status(string $serviceId): array
    {
        return $this->request('/status', 'GET', ['service_id' => $serviceId]);
    }

    public function action(string $serviceId, string $action, string $status): array
    {
        return $this->request('/action/' . $action, 'POST', ['service_id' => $serviceId, 'status' => $status]);
    }

    public function toggle(string $serviceId): void
    {
        $this->request('/action/toggle', 'POST', ['service_id' => $serviceId]);
    }

    public function domainsList(string $serviceId): array
    {
        return $this->request('/action/getdomain', 'GET', ['service_id' => $serviceId]);
    }

    public function domainAdd(string $serviceId, string $domain): void
    {
        $this->request('/action/setdomain', 'POST', ['service_id' => $serviceId, 'domain' => $domain]);
    }

    public function domainDel(string $serviceId, string $domain): void
    {
        $this->request('/action/deldomain', 'POST', ['service_id' => $serviceId, 'domain' => $domain]);
    }

    public function getBackups(string $serviceId): array
    {
        return $this->request('/action/getbak', 'GET', ['service_id' => $serviceId]);
    }

    public function mkBackup(string $serviceId): void
    {
        $this->request('/action/mkbak', 'POST', ['service_id' => $serviceId]);
    }

    public function delBackup(string $serviceId, string $backupId): void
    {
        $this->request('/action/delbak', 'POST', ['service_id' => $serviceId, 'bak' => $backupId]);
    }

    public function rollbackBackup(string $serviceId, string $backupId): void
    {
        $this->request('/action/rollback', 'POST', ['service_id' => $serviceId, 'bak' => $backupId]);
    }

    protected function request(string $path, string $method = 'GET', array $data = []): array
    {
        $url = $this->base . $path;

        $req = Http::withHeaders([
            'Authorization' => 'Bearer ' . $this->key,
            'Accept' => 'application/json',
        ])->timeout(25);

        $resp = match (strtoupper($method)) {
            'POST' => $req->asJson()->post($url, $data),
            'PATCH' => $req->asJson()->patch($url, $data),
            'DELETE' => $req->asJson()->delete($url, $data),
            default => $req->get($url, $data),
        };

        if ($resp->failed()) {
            throw new Exception("API {$method} {$path} failed: HTTP " . $resp->status()
                . ($this->tellsBody ? ' ' . $resp->body() : ''));
        }

        return $resp->json() ?? [];
    }
}
