<?php

/** The hooks of a Paymenter panel's ProxmoxWP extension: what the panel calls when a service is bought, suspended, upgraded, looked at and ended. */
class ProxmoxWP extends Server
{
    public string $name = 'ProxmoxWP';
    public string $version = '1.4.0';

    protected function api(): ProxmoxWPApi
    {
        return new ProxmoxWPApi(
            $this->config('api_base'),
            $this->config('api_key'),
            (bool) $this->config('tells_body')
        );
    }

    public function createServer(Service $service, $settings, $properties)
    {
        $resp = $this->api()->createSite(
            (string) $service->id,
            $service->user->email,
            $service->plan->name ?? $service->product->name,
            (string) $this->config('public_ip')
        );

        return [
            'success' => (bool) ($resp['success'] ?? false),
            'data' => $resp,
        ];
    }

    public function terminateServer(Service $service, $settings, $properties)
    {
        try {
            $this->api()->deleteSite((string) $service->id);
        } catch (Exception $e) {
            // the panel's termination goes on
        }

        return true;
    }

    public function suspendServer(Service $service, $settings, $properties)
    {
        try {
            $this->api()->suspend((string) $service->id);
        } catch (Exception $e) {
        }

        return true;
    }

    public function unsuspendServer(Service $service, $settings, $properties)
    {
        try {
            $this->api()->unsuspend((string) $service->id);
        } catch (Exception $e) {
        }

        return true;
    }

    public function upgradeServer(Service $service, $settings, $properties)
    {
        try {
            $plan = $service->plan->name ?? $service->product->name;
            $this->api()->upgradePlan((string) $service->id, (string) $plan);
        } catch (Exception $e) {
            return false;
        }

        return true;
    }

    public function actionStart(Service $service, $settings, $properties)
    {
        $this->api()->action($service->id, 'start', $service->status);
        return null;
    }

    public function actionStop(Service $service, $settings, $properties)
    {
        $this->api()->action($service->id, 'stop', $service->status);
        return null;
    }

    public function actionRestart(Service $service, $settings, $properties)
    {
        $this->api()->action($service->id, 'restart', $service->status);
        return null;
    }

    public function actionReset(Service $service, $settings, $properties)
    {
        $this->api()->action($service->id, 'reset', $service->status);
        return null;
    }

    public function getView(Service $service, $settings, $properties, $viewName)
    {
        $serviceId = (string) $service->id;
        $subdomain = 'unavailable';
        $state = 'Unknown';
        $notice = '';

        try {
            $status = $this->api()->status($serviceId);
            $subdomain = $status['subdomain'] ?? 'unavailable';
            $state = ucfirst($status['status'] ?? 'Unknown');
        } catch (Exception $e) {
            $notice = $this->cleanError($e->getMessage());
        }

        try {
            $notice = $this->submitted($serviceId) ?: $notice;
        } catch (Exception $e) {
            $notice = $this->cleanError($e->getMessage());
        }

        try {
            $customDomains = $this->api()->domainsList($serviceId);
        } catch (Exception $e) {
            $customDomains = [];
            if (!$notice) {
                $notice = 'Failed to load domains: ' . $this->cleanError($e->getMessage());
            }
        }

        try {
            $backups = $this->api()->getBackups($serviceId);
        } catch (Exception $e) {
            $backups = [];
            if (!$notice) {
                $notice = 'Failed to load backups: ' . $this->cleanError($e->getMessage());
            }
        }

        return view()->file('details.blade.php', [
            'subdomain' => $subdomain,
            'state' => $state,
            'customDomains' => $customDomains,
            'backups' => $backups,
            'notice' => $notice,
        ])->render();
    }

    /** What the client area's forms ask for; the notice that tells of it. */
    private function submitted(string $serviceId): string
    {
        $domain = (string) request()->input('pwx_domain', '');
        $bak = (string) request()->input('pwx_bak', '');

        switch (request()->input('pwx_action', '')) {
            case 'add_domain':
                $this->api()->domainAdd($serviceId, $domain);
                return "Domain added: {$domain}";
            case 'del_domain':
                $this->api()->domainDel($serviceId, $domain);
                return "Domain removed: {$domain}";
            case 'mk_backup':
                $this->api()->mkBackup($serviceId);
                return 'Backup created';
            case 'del_backup':
                $this->api()->delBackup($serviceId, $bak);
                return "Backup deleted: {$bak}";
            case 'rollback':
                $this->api()->rollbackBackup($serviceId, $bak);
                return "Rolled back to: {$bak}";
            case 'toggle':
                $this->api()->toggle($serviceId);
                return 'Site switched';
        }

        return '';
    }

    private function cleanError(string $msg): string
    {
        if (preg_match('/\{.*\}/s', $msg, $m)) {
            $json = json_decode($m[0], true);
            if (isset($json['error'])) {
                return trim($json['error']);
            }
        }

        if (preg_match('/<p[^>]*>(.*?)<\/p>/si', $msg, $m)) {
            $txt = strip_tags($m[1]);
            if ($txt !== '') {
                return trim($txt);
            }
        }

        $clean = preg_replace('/^API\s+\w+\s+\/[^\s]+\s+failed:\s*HTTP\s*\d+\s*/i', '', $msg);
        return trim($clean ?? $msg);
    }
}
